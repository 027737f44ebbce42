import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openDataSet } from '../../bench/data-set.ts';
import { Random } from '../../bench/generators/random.ts';
import { makeWords } from '../../bench/generators/words.ts';

const folder = mkdtempSync(join(tmpdir(), 'refold-bench-'));
afterAll(() => rmSync(folder, { recursive: true }));

const linesOf = (path: string) => readFileSync(path, 'latin1').trimEnd().split('\n');

describe('openDataSet', () => {
  it.each([
    { name: 'text-few', bytes: 50_000, sha256: '24b4ad270076d723' },
    { name: 'text-many', bytes: 50_000, sha256: 'ef966f36adf2b137' },
    { name: 'visits', bytes: 50_000, sha256: '604ee090987412eb' },
    { name: 'pages', bytes: 50_000, sha256: 'c76f1a1fa234e81c' },
    { name: 'records', bytes: 50_000, sha256: 'e2120edb48618618' },
    { name: 'hot-key', bytes: 50_000, sha256: '7e62c3aea5680207' },
    { name: 'log-lines', bytes: 50_000, sha256: '099a78b3bb924c26' },
    { name: 'ten-lines', bytes: 50_000, sha256: '49c4c3552b855fa9' },
  ] as const)('makes the same $name on every machine', async ({ name, bytes, sha256 }) => {
    expect((await openDataSet(folder, name, bytes)).sha256.slice(0, 16)).toBe(sha256);
  });

  it('keeps a file that is whole, and makes it again when its bytes have changed', async () => {
    const first = await openDataSet(folder, 'records', 10_000);
    const madeAtMs = statSync(first.path).mtimeMs;
    expect(await openDataSet(folder, 'records', 10_000)).toMatchObject({ sha256: first.sha256, rows: 100 });
    expect(statSync(first.path).mtimeMs).toBe(madeAtMs);
    writeFileSync(first.path, 'torn');
    await openDataSet(folder, 'records', 10_000);
    expect(statSync(first.path).size).toBe(10_000);
  });

  it('gives most visits a page that is listed, and some none', async () => {
    const visits = linesOf((await openDataSet(folder, 'visits', 1_000_000)).path);
    const pages = linesOf((await openDataSet(folder, 'pages', 1_000_000)).path).map((line) => line.split(',')[0]);
    const listed = new Set(pages);
    expect(listed.size).toBe(pages.length);
    const share = visits.filter((line) => listed.has(line.split(',')[1])).length / visits.length;
    expect(share).toBeGreaterThan(0.9);
    expect(share).toBeLessThan(1);
  });

  it('gives one key nine rows of ten', async () => {
    const keys = linesOf((await openDataSet(folder, 'hot-key', 500_000)).path).map((line) => line.split(',')[0]);
    expect(keys.filter((key) => key === 'all-visitors').length / keys.length).toBeCloseTo(0.9, 1);
  });
});

describe('makeWords', () => {
  it('makes two million words, no two of them equal, of eight letters on average', () => {
    const { bytes, starts, count } = makeWords(2_000_000);
    const prefixes = new Uint8Array(26 ** 5);
    for (let word = 0; word < count; word++) {
      let prefix = 0;
      for (let at = starts[word]!; at < starts[word]! + 5; at++) prefix = prefix * 26 + bytes[at]! - 97;
      prefixes[prefix]!++;
    }
    expect(prefixes.every((words) => words <= 1)).toBe(true);
    expect(starts[count]! / count).toBeCloseTo(8, 1);
  });
});

describe('Random', () => {
  it('draws every rank often enough for 500 MB of text to hold two million words', () => {
    const random = new Random(1);
    const seen = new Uint16Array(20_000);
    // As many draws a rank as the text of 500 MB has.
    for (let draw = 0; draw < 27 * seen.length; draw++) seen[random.rank(seen.length)]!++;
    expect(seen.every((draws) => draws > 0)).toBe(true);
  });
});
