import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lines } from '../../lib/record/lines.ts';
import { rawLines } from '../../lib/record/raw-lines.ts';
import { asText, bytesOf, readObject } from './ranges.ts';

/** The slow obvious way. */
function linesOf(text: string): { line: string; byte: number }[] {
  const found: { line: string; byte: number }[] = [];
  let rest = text.startsWith('\uFEFF') ? text.slice(1) : text;
  let byte = rest === text ? 0 : 3;
  while (rest !== '') {
    const newline = rest.indexOf('\n');
    const whole = newline === -1 ? rest : rest.slice(0, newline + 1);
    found.push({ line: whole.replace(/\r?\n$/, ''), byte });
    byte += bytesOf(whole).length;
    rest = rest.slice(whole.length);
  }
  return found;
}

const textFile = () =>
  fc
    .array(fc.constantFrom('a', 'b', ' ', '\r', '\n', '\n', '\r\n', '\0', 'é', '€', '😀', '\uFEFF', 'longer text'), {
      maxLength: 60,
    })
    .map((parts) => parts.join(''));
const cutting = () => ({
  cuts: fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 6 }),
  chunkBytes: fc.integer({ min: 1, max: 40 }),
  pauseEvery: fc.integer({ min: 0, max: 3 }),
});

describe('lines', () => {
  it('hands out every line exactly once, with its position, wherever the cuts and chunks fall', () =>
    fc.assert(
      fc.asyncProperty(fc.record({ text: textFile(), ...cutting() }), async ({ text, cuts, chunkBytes, pauseEvery }) => {
        const read = await readObject(lines(), text, cuts, { chunkBytes, pauseEvery });
        const expected = linesOf(text);
        expect(read.records).toEqual(expected.map(({ line }) => line));
        expect(read.bytes).toEqual(expected.map(({ byte }) => byte));
        expect(read.accounts.at(-1)?.ownedEnd).toBe(bytesOf(text).length);
      }),
      { numRuns: 600 },
    ));

  it.each([
    { name: 'nothing of an empty object', text: '', expected: [] },
    { name: 'nothing of a byte order mark alone', text: '\uFEFF', expected: [] },
    { name: 'a last line without a line end', text: 'a\nb', expected: ['a', 'b'] },
    { name: 'no line behind the last line end', text: 'a\n', expected: ['a'] },
    { name: 'empty lines', text: '\n\r\n\n', expected: ['', '', ''] },
    { name: 'a lone CR as data, at the end too', text: 'a\rb\r\nc\r', expected: ['a\rb', 'c\r'] },
    { name: 'a second CR as data', text: 'a\r\r\n', expected: ['a\r'] },
    { name: 'NUL as data', text: 'a\0b\n', expected: ['a\0b'] },
  ])('reads $name', async ({ text, expected }) => {
    expect((await readObject(lines(), text)).records).toEqual(expected);
    expect(asText((await readObject(rawLines(), text)).records)).toEqual(expected);
  });

  it.each([
    { name: 'a stray continuation byte', bytes: [0x61, 0x0a, 0x62, 0x80, 0x0a], line: 2, at: 3 },
    { name: 'a sequence that the line end cuts', bytes: [0x61, 0x0a, 0xc3, 0xa9, 0xe2, 0x82, 0x0a, 0x62], line: 2, at: 4 },
    { name: 'an overlong form', bytes: [0x61, 0xc0, 0x80], line: 0, at: 1 },
    { name: 'a surrogate', bytes: [0xed, 0xa0, 0x80], line: 0, at: 0 },
    { name: 'a sequence that the object ends in', bytes: [0x61, 0x0a, 0xf0, 0x9f, 0x98], line: 2, at: 2 },
    { name: 'a byte behind much valid text', bytes: [...bytesOf('é€😀'.repeat(50)), 0xff, 0xc3, 0xa9], line: 0, at: 450 },
  ])('refuses $name, with its byte', async ({ bytes, line, at }) => {
    await expect(readObject(lines(), Uint8Array.from(bytes))).rejects.toMatchObject({
      code: 'REFOLD_BAD_RECORD',
      values: { object: 'in/object', byte: line, reason: `invalid UTF-8 at byte ${at}` },
    });
  });

  it('hands out the lines before an invalid one', async () => {
    const bytes = Uint8Array.from([0x61, 0x0a, 0xc3, 0xa9, 0x0a, 0xff, 0x0a]);
    expect((await readObject(lines(), bytes.subarray(0, 5))).records).toEqual(['a', 'é']);
    const seen: string[] = [];
    await expect(readObject({ ...lines(), open: () => spying(lines().open(), seen) }, bytes)).rejects.toThrow('at byte 5');
    expect(seen).toEqual(['a', 'é']);
  });

  it('says so when the bytes look like UTF-16', async () => {
    await expect(readObject(lines(), Uint8Array.from([0xff, 0xfe, 0x61, 0, 0x0a, 0]))).rejects.toThrow('UTF-16');
  });

  it('reads invalid bytes as U+FFFD or as Latin-1 when asked to', async () => {
    const bytes = Uint8Array.from([0x61, 0xff, 0x0a, 0xe9]);
    expect((await readObject(lines({ encoding: 'replace' }), bytes)).records).toEqual(['a\uFFFD', '\uFFFD']);
    expect((await readObject(lines({ encoding: 'latin1' }), bytes)).records).toEqual(['aÿ', 'é']);
  });

  it('refuses an encoding it does not know', () => {
    // @ts-expect-error an encoding that is none
    expect(() => lines({ encoding: 'utf-7' })).toThrow('encoding');
  });

  it.each([{ chunkBytes: 64 * 1024 }, { chunkBytes: 1024 * 1024 }])(
    'reads a line of 50 MB in chunks of $chunkBytes bytes',
    async ({ chunkBytes }) => {
      const bytes = new Uint8Array(50_000_010).fill(0x78);
      bytes.set(bytesOf('a\n'), 0);
      bytes.set(bytesOf('\nb\n'), 50_000_002);
      const { records } = await readObject(lines(), bytes.subarray(0, 50_000_005), [25_000_000], { chunkBytes });
      expect(records.map((line) => line.length)).toEqual([1, 50_000_000, 1]);
    },
  );
});

describe('rawLines', () => {
  it('hands out every line exactly once, with its position, wherever the cuts and chunks fall', () =>
    fc.assert(
      fc.asyncProperty(fc.record({ text: textFile(), ...cutting() }), async ({ text, cuts, chunkBytes, pauseEvery }) => {
        const read = await readObject(rawLines(), text, cuts, { chunkBytes, pauseEvery });
        const expected = linesOf(text);
        expect(asText(read.records)).toEqual(expected.map(({ line }) => line));
        expect(read.bytes).toEqual(expected.map(({ byte }) => byte));
      }),
      { numRuns: 600 },
    ));

  it('takes bytes that are no text', async () => {
    const { records } = await readObject(rawLines(), Uint8Array.from([0xff, 0x00, 0x0a, 0xc3]));
    expect(records.map((line) => [...line.toBytes()])).toEqual([[0xff, 0], [0xc3]]);
  });
});

function spying<R>(scanner: import('../../lib/record/reader.ts').Scanner<R>, seen: R[]): typeof scanner {
  return {
    findStart: (source, byteStart) => scanner.findStart(source, byteStart),
    scan: (window, sink) =>
      scanner.scan(window, (record, at) => {
        seen.push(record);
        return sink(record, at);
      }),
  };
}
