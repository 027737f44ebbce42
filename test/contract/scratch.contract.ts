import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { InvariantError } from '../../lib/errors.ts';
import type { Scratch } from '../../lib/ports/scratch.ts';

export function scratchContract(adapterName: string, open: () => Scratch): void {
  describe(`${adapterName} keeps the Scratch contract`, () => {
    let scratch: Scratch;
    beforeEach(() => {
      scratch = open();
    });

    it('reads back what was appended, from anywhere', () => {
      fc.assert(
        fc.property(fc.array(fc.uint8Array({ maxLength: 3000 })), fc.nat(4000), fc.nat(4000), (pieces, byteStart, length) => {
          const file = scratch.create();
          for (const piece of pieces) file.append(piece);
          const content = Buffer.concat(pieces);
          const target = new Uint8Array(length);
          const expected = content.subarray(byteStart, byteStart + length);
          expect(file.bytes).toBe(content.length);
          expect(file.read(byteStart, target)).toBe(expected.length);
          expect(Buffer.compare(target.subarray(0, expected.length), expected)).toBe(0);
          file.delete();
        }),
        { numRuns: 50 },
      );
    });

    it('lets the caller reuse its buffer at once', () => {
      const file = scratch.create();
      const buffer = new Uint8Array([1, 2]);
      file.append(buffer);
      buffer.fill(9);
      file.append(buffer);
      const target = new Uint8Array(4);
      file.read(0, target);
      expect([...target]).toEqual([1, 2, 9, 9]);
    });

    it('reads between appends, and appends where it left off', () => {
      const file = scratch.create();
      const target = new Uint8Array(1);
      for (let byte = 0; byte < 100; byte++) {
        file.append(new Uint8Array([byte]));
        expect(file.read(byte >> 1, target)).toBe(1);
        expect(target[0]).toBe(byte >> 1);
      }
      expect(file.bytes).toBe(100);
    });

    it('reads nothing at the end and past it', () => {
      const file = scratch.create();
      file.append(new Uint8Array(10));
      expect(file.read(10, new Uint8Array(5))).toBe(0);
      expect(file.read(100, new Uint8Array(5))).toBe(0);
      expect(file.read(8, new Uint8Array(5))).toBe(2);
    });

    it('keeps files apart', () => {
      const [left, right] = [scratch.create(), scratch.create()];
      left.append(new Uint8Array([1, 1]));
      right.append(new Uint8Array([2]));
      const target = new Uint8Array(4);
      expect(left.read(0, target)).toBe(2);
      expect(right.read(0, target)).toBe(1);
      expect(target[0]).toBe(2);
    });

    it('refuses a deleted file, and lets it be deleted again', () => {
      const file = scratch.create();
      file.delete();
      file.delete();
      expect(() => file.append(new Uint8Array(1))).toThrow(InvariantError);
      expect(() => file.read(0, new Uint8Array(1))).toThrow(InvariantError);
    });

    it('deletes every open file when it is cleared, and goes on', () => {
      const files = [scratch.create(), scratch.create()];
      scratch.clear();
      for (const file of files) expect(() => file.append(new Uint8Array(1))).toThrow(InvariantError);
      const file = scratch.create();
      file.append(new Uint8Array([7]));
      expect(file.bytes).toBe(1);
      scratch.clear();
    });
  });
}
