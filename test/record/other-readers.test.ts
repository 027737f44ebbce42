import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { files } from '../../lib/record/files.ts';
import { fixedReader } from '../../lib/record/fixed-reader.ts';
import { jsonlReader } from '../../lib/record/jsonl-reader.ts';
import { asText, bytesOf, readObject } from './ranges.ts';

describe('jsonlReader', () => {
  it('hands out every value once, and no blank line, wherever the cuts fall', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.jsonValue().map((value) => JSON.stringify(value)),
            fc.constantFrom('', ' ', '\t\r'),
          ),
          { maxLength: 12 },
        ),
        fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 50 }),
        async (file, cuts, chunkBytes) => {
          const { records, bytes } = await readObject(jsonlReader(), file.join('\n'), cuts, { chunkBytes, pauseEvery: 2 });
          const full = [...file.keys()].filter((index) => file[index]!.trim() !== '');
          expect(records).toEqual(full.map((index) => JSON.parse(file[index]!)));
          expect(bytes).toEqual(
            full.map(
              (index) =>
                bytesOf(
                  file
                    .slice(0, index)
                    .map((line) => `${line}\n`)
                    .join(''),
                ).length,
            ),
          );
        },
      ),
      { numRuns: 300 },
    ));

  it('refuses a bad line with its position', async () => {
    for (const line of ['{"a":', 'x', ' {} {}', '\u00a0']) {
      await expect(readObject(jsonlReader(), `{"a":1}\n\n${line}\n3`)).rejects.toMatchObject({
        code: 'REFOLD_BAD_RECORD',
        values: { object: 'in/object', byte: 9 },
      });
    }
  });
});

describe('fixedReader', () => {
  it('hands out every record once, wherever the cuts fall', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.nat(30),
        fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 30 }),
        async (size, count, cuts, chunkBytes) => {
          const text = Array.from({ length: count }, (_, index) => String(index).padStart(size, '0').slice(-size)).join('');
          const { records, bytes } = await readObject(fixedReader(size), text, cuts, { chunkBytes, pauseEvery: 3 });
          expect(asText(records).join('')).toBe(text);
          expect(records.every((record) => record.length === size)).toBe(true);
          expect(bytes).toEqual(records.map((_, index) => index * size));
        },
      ),
    ));

  it('refuses a short last record with its position', async () => {
    for (const cuts of [[], [5], [9], [10]]) {
      await expect(readObject(fixedReader(4), 'aaaabbbbccc', cuts)).rejects.toMatchObject({
        code: 'REFOLD_BAD_RECORD',
        values: { byte: 8, reason: 'the object ends after 3 of its 4 bytes' },
      });
    }
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses a length of %d', (bytes) => {
    expect(() => fixedReader(bytes)).toThrow('whole number');
  });
});

describe('files', () => {
  it.each([0, 1, 5_000_000])('hands out an object of %d bytes whole, as bytes of its own', async (length) => {
    const content = new Uint8Array(length).fill(7);
    const { records, accounts } = await readObject(files(), content, [], { chunkBytes: 1000 });
    expect(records.map(({ path, bytes }) => [path, bytes.length])).toEqual([['in/object', length]]);
    expect(Buffer.compare(records[0]!.bytes, content)).toBe(0);
    expect(accounts[0]).toEqual({ records: 1, ownedStart: 0, ownedEnd: length, compressed: false });
  });
});

describe('jsonlReader, over bytes that are no UTF-8', () => {
  it('does not advise an encoding that it does not take', async () => {
    await expect(readObject(jsonlReader(), Uint8Array.of(0x22, 0xff, 0x22), [])).rejects.toMatchObject({
      code: 'REFOLD_BAD_RECORD',
      hint: 'Convert the file to UTF-8: JSON is always UTF-8.',
    });
  });
});
