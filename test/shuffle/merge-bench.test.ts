import { describe, expect, it } from 'vitest';
import { runMergeBench } from '../../bench/merge.bench.ts';

describe('bench/merge.bench.ts', () => {
  it('runs, and gives the same checksums every time', () => {
    const checksums = () => runMergeBench(3200, 1).map((line) => line.checksum);
    expect(checksums()).toEqual(checksums());
    expect(checksums().length).toBe(9);
  });
});
