import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NeedleMemory } from '../../lib/record/needle-memory.ts';
import { Slice } from '../../lib/record/slice.ts';
import { bytesOf } from './ranges.ts';

/** A slice in the middle of other bytes. */
function sliceOf(text: string): Slice {
  const bytes = bytesOf(`,b${text}a,`);
  return new Slice(bytes, 2, bytes.length - 2);
}
const pieces = (slice: Slice, byte: number): string[] => {
  const found: string[] = [];
  for (const piece of slice.split(byte)) found.push(piece.toString());
  return found;
};
const COMMA = 0x2c;
const text = () => fc.array(fc.constantFrom('a', 'b', ',', ' ', 'é'), { maxLength: 12 }).map((parts) => parts.join(''));

describe('Slice', () => {
  it('splits as String.split does, and finds the same fields', () =>
    fc.assert(
      fc.property(text(), (value) => {
        const slice = sliceOf(value);
        const expected = value.split(',');
        expect(pieces(slice, COMMA)).toEqual(expected);
        expect(slice.fieldCount(COMMA)).toBe(expected.length);
        expect(expected.map((_, n) => slice.field(n, COMMA).toString())).toEqual(expected);
        expect(() => slice.field(expected.length, COMMA)).toThrow(`it has ${expected.length}`);
      }),
    ));

  it('allows loops over pieces of pieces, over itself, and loops that are left early', () => {
    const slice = sliceOf('a b,c d');
    const seen: string[] = [];
    for (const outer of slice.split(COMMA)) for (const inner of outer.split(0x20)) seen.push(inner.toString());
    expect(seen).toEqual(['a', 'b', 'c', 'd']);
    const pairs: string[] = [];
    for (const left of slice.split(COMMA)) {
      for (const right of slice.split(COMMA)) pairs.push(`${left}|${right}`);
    }
    expect(pairs).toEqual(['a b|a b', 'a b|c d', 'c d|a b', 'c d|c d']);
    for (const piece of slice.split(COMMA)) if (piece.equals('a b')) break;
    expect(pieces(slice, COMMA)).toEqual(['a b', 'c d']);
  });

  it('keeps eight fields valid at a time', () => {
    const slice = sliceOf('0,1,2,3,4,5,6,7');
    const fields = Array.from({ length: 8 }, (_, n) => slice.field(n, COMMA));
    expect(fields.map(String)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  });

  it('searches and compares as strings do', () =>
    fc.assert(
      fc.property(text(), text(), fc.nat(14), (value, needle, from) => {
        const slice = sliceOf(value);
        const expected = Buffer.from(value).indexOf(needle, Math.min(from, slice.length));
        expect(slice.indexOf(needle, from)).toBe(expected);
        expect(slice.indexOf(bytesOf(needle), from)).toBe(expected);
        expect(slice.includes(needle)).toBe(value.includes(needle));
        expect(slice.indexOf(COMMA, from)).toBe(Buffer.from(value).indexOf(COMMA, Math.min(from, slice.length)));
        for (const form of [needle, bytesOf(needle), sliceOf(needle)]) {
          expect(slice.equals(form)).toBe(value === needle);
          expect(slice.startsWith(form)).toBe(value.startsWith(needle));
        }
        expect(slice.equals(value) && slice.equals(sliceOf(value))).toBe(true);
      }),
      { numRuns: 500 },
    ));

  it('cuts sub to its own ends, and copies', () => {
    const slice = sliceOf('hello');
    expect([slice.sub(1, 3), slice.sub(2), slice.sub(-1, 99), slice.sub(4, 2), slice.sub(9)].map(String)).toEqual([
      'el',
      'llo',
      'hello',
      '',
      '',
    ]);
    const copy = slice.copy();
    const bytes = slice.toBytes();
    slice.bytes.fill(0);
    expect([copy.toString(), new TextDecoder().decode(bytes)]).toEqual(['hello', 'hello']);
    expect([copy.at(0), copy.at(4), copy.at(5), copy.at(-1)]).toEqual([0x68, 0x6f, undefined, undefined]);
    expect(new Slice(Uint8Array.from([0xe9])).toString('latin1')).toBe('é');
    expect(new Slice(Uint8Array.from([0xe9])).toString()).toBe('\uFFFD');
  });

  it('reads numbers exactly as Number does', () => {
    const numeral = fc.tuple(
      fc.constantFrom('', '-', '+'),
      fc.stringMatching(/^\d{0,18}$/),
      fc.constantFrom('', '.'),
      fc.stringMatching(/^\d{0,18}$/),
      fc.constantFrom('', '', 'e5', 'E-30', 'e', 'e400'),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          numeral.map((parts) => parts.join('')),
          fc.double().map(String),
          text(),
        ),
        (value) => {
          const expected = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^[+-]?Infinity$/i.test(value) ? Number(value) : Number.NaN;
          expect(sliceOf(value).toNumber()).toBe(expected);
          expect(sliceOf(` ${value}\t\r`).toNumber()).toBe(expected);
        },
      ),
      { numRuns: 5000 },
    );
    expect(
      ['', ' ', '0x10', '1 2', '--1', '1_000', '-', '.', '-0', '9007199254740993', '0.1'].map((value) =>
        sliceOf(value).toNumber(),
      ),
    ).toEqual([...Array<number>(8).fill(Number.NaN), -0, 9007199254740992, 0.1]);
  });
});

describe('NeedleMemory', () => {
  it('finds what a search of each line finds, whatever is asked in whatever order, in windows over one buffer', () => {
    const asked = fc.record({
      line: fc.nat(30),
      from: fc.nat(6),
      needle: fc.constantFrom('a', 'ab', 'aab', 'b\n', '\n', 'é', 'zz', ''),
    });
    const windows = fc.array(
      fc.record({
        text: fc.array(fc.constantFrom('a', 'b', 'é', '\n'), { minLength: 1, maxLength: 60 }).map((parts) => parts.join('')),
        asked: fc.array(asked, { maxLength: 30 }),
      }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(windows, (texts) => {
        const buffer = new Uint8Array(200);
        const memory = new NeedleMemory();
        const line = new Slice(buffer);
        line.memory = memory;
        for (const { text: content, asked: questions } of texts) {
          const written = Buffer.from(content);
          buffer.set(written);
          memory.reset();
          memory.moveWindow(buffer, 0, written.length);
          const starts = [0, ...[...written.keys()].filter((at) => written[at] === 10).map((at) => at + 1)];
          for (const { line: index, from, needle } of questions) {
            line.byteStart = starts[index % starts.length]!;
            const newline = written.indexOf(10, line.byteStart);
            line.byteEnd = newline === -1 ? written.length : newline;
            const alone = written.subarray(line.byteStart, line.byteEnd);
            expect(line.indexOf(needle, from)).toBe(alone.indexOf(needle, Math.min(from, alone.length)));
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('forgets when the same buffer shows other bytes of the object', () => {
    const buffer = new Uint8Array(8192).fill(0x78);
    const memory = new NeedleMemory();
    const line = new Slice(buffer, 0, 10);
    line.memory = memory;
    memory.moveWindow(buffer, 0, buffer.length);
    for (let round = 0; round < 5; round++) expect(line.indexOf('needle')).toBe(-1);
    buffer.set(bytesOf('needle'), 2);
    memory.moveWindow(buffer, 8192, buffer.length);
    expect(line.indexOf('needle')).toBe(2);
  });

  it('finds an occurrence wherever the search ahead was cut', () => {
    const lineBytes = 50;
    for (let at = 0; at < 4000; at++) {
      if ((at % lineBytes) + 6 >= lineBytes) continue;
      const buffer = new Uint8Array(6000).fill(0x78);
      buffer.set(bytesOf('needle'), at);
      const memory = new NeedleMemory();
      const line = new Slice(buffer);
      line.memory = memory;
      memory.moveWindow(buffer, 0, buffer.length);
      const found: number[] = [];
      for (let start = 0; start < buffer.length; start += lineBytes) {
        line.byteStart = start;
        line.byteEnd = start + lineBytes - 1;
        if (line.includes('needle')) found.push(start + line.indexOf('needle'));
      }
      if (found.length !== 1 || found[0] !== at) expect(found).toEqual([at]);
    }
  });

  it('forgets when another range begins, though its window looks the same', () => {
    const buffer = new Uint8Array(100).fill(0x78);
    const memory = new NeedleMemory();
    const line = new Slice(buffer, 0, 10);
    line.memory = memory;
    memory.moveWindow(buffer, 0, buffer.length);
    for (let round = 0; round < 5; round++) expect(line.indexOf('needle')).toBe(-1);
    buffer.set(bytesOf('needle'), 2);
    memory.reset();
    memory.moveWindow(buffer, 0, buffer.length);
    expect(line.indexOf('needle')).toBe(2);
  });
});
