import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

/** Keeps 300,000 objects, a few MB, and makes ten times as many that live for a while, as pages of the ledger do. Says how large the heap was. */
const makeGarbage = `
  const base = [];
  let page = [];
  let peak = 0;
  for (let at = 0; at < 3_000_000; at++) {
    page.push({ at });
    if (at % 10 === 0) base.push({ at });
    if (page.length < 50_000) continue;
    page = [];
    peak = Math.max(peak, process.memoryUsage().heapTotal);
  }
  console.log(peak);
`;

function heapBytes(before: string): number {
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', `${before}\n${makeGarbage}`], {
    encoding: 'utf8',
  });
  return Number(stdout);
}

describe('keepHeapSmall', () => {
  it('holds the heap of a process that makes much garbage to little more than what it keeps', () => {
    const file = JSON.stringify(new URL('../../lib/cli/local/small-heap.ts', import.meta.url).href);
    const small = heapBytes(`const { keepHeapSmall } = await import(${file}); keepHeapSmall(100_000);`);
    expect(small).toBeGreaterThan(0);
    expect(small).toBeLessThanOrEqual(50_000_000);
    // A small young generation alone is not enough.
    expect(heapBytes(`(await import('node:v8')).setFlagsFromString('--semi-space-growth-factor=1');`)).toBeGreaterThan(small);
    expect(heapBytes('')).toBeGreaterThan(small);
  });
});
