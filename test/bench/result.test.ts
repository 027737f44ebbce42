import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { forEachLine } from '../../bench/for-each-line.ts';
import { explainDifference, type ResultShape, readResult } from '../../bench/result.ts';

const folder = mkdtempSync(join(tmpdir(), 'refold-bench-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileOf(text: string): string {
  const path = join(folder, `${files++}.txt`);
  writeFileSync(path, text);
  return path;
}
const resultOf = (shape: ResultShape, ...parts: string[]) => readResult(shape, parts.map(fileOf));

describe('explainDifference', () => {
  it('lets rows stand in any order, in any number of parts', () => {
    const row = fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), fc.nat());
    const rows = fc.uniqueArray(row, { selector: ([word]) => word, minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(rows, fc.infiniteStream(fc.nat()), fc.nat(30), (pairs, order, cut) => {
        const lines = pairs.map(([word, count]) => `${word}\t${count}\n`);
        const shuffled = lines
          .map((line) => ({ line, rank: order.next().value as number }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ line }) => line);
        const parts = [shuffled.slice(0, cut).join(''), shuffled.slice(cut).join('')];
        expect(explainDifference(resultOf('counts', ...parts), resultOf('counts', lines.join('')))).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    { name: 'another count', text: 'a\t1\nb\t3\n' },
    { name: 'another word', text: 'a\t1\nc\t2\n' },
    { name: 'a swapped count', text: 'a\t2\nb\t1\n' },
    { name: 'a missing row', text: 'a\t1\n' },
    { name: 'a row twice', text: 'a\t1\na\t1\n' },
  ])('notices $name', ({ text }) => {
    expect(explainDifference(resultOf('counts', text), resultOf('counts', 'a\t1\nb\t2\n'))).toMatch(/rows/);
  });

  it.each([
    { name: 'a sum added in another order', text: 'b\t2.0000000000000004\na\t0.30000000000000004\n', agrees: true },
    { name: 'a sum off by a billionth and a half', text: 'a\t0.30000000045\nb\t2\n', agrees: false },
    { name: 'numbers of another key', text: 'a\t2\nb\t0.3\n', agrees: false },
    { name: 'a number that is none', text: 'a\tnull\nb\t2\n', agrees: false },
    { name: 'a missing column', text: 'a\nb\t2\n', agrees: false },
    { name: 'another key', text: 'c\t0.3\nb\t2\n', agrees: false },
  ])('of decimals: agrees $agrees for $name', ({ text, agrees }) => {
    expect(explainDifference(resultOf('decimals', text), resultOf('decimals', 'a\t0.3\nb\t2\n')) === undefined).toBe(agrees);
  });

  it.each([
    { name: 'the same lines', text: 'A\nB\na\n', difference: undefined },
    { name: 'lines out of order', text: 'A\na\nB\n', difference: 'Line 3 is smaller than the line before it.' },
    {
      name: 'a line that is a part of the one before',
      text: 'AA\nA\nB\n',
      difference: 'Line 2 is smaller than the line before it.',
    },
  ])('of a sort: reports $difference for $name', ({ text, difference }) => {
    expect(explainDifference(resultOf('sorted lines', text), resultOf('sorted lines', 'A\nB\na\n'))).toBe(difference);
  });

  it('finds lines out of order where one part ends and the next begins', () => {
    const parts = resultOf('sorted lines', 'b\n', 'a\n');
    expect(explainDifference(parts, resultOf('sorted lines', 'a\nb\n'))).toMatch(/^Line 2 /);
  });
});

describe('forEachLine', () => {
  it.each([
    { name: 'a long line, over many reads', text: `${'x'.repeat(9 << 20)}\nlast\n` },
    { name: 'empty lines', text: '\n\na\n\n' },
    { name: 'a last line without an end', text: 'a\nb' },
  ])('hands out $name', ({ text }) => {
    const lines: string[] = [];
    forEachLine([fileOf(text)], (bytes, start, end) => lines.push(Buffer.from(bytes.subarray(start, end)).toString()));
    expect(lines).toEqual(text.replace(/\n$/, '').split('\n'));
  });
});
