import { describe, expect, it } from 'vitest';
import { runCodecsBench } from '../../bench/codecs.bench.ts';

describe('the codecs bench', () => {
  it('runs, and gives the same results in every round', () => {
    const lines = runCodecsBench(200, 2);
    expect(lines.map((line) => line.checksum)).toEqual(runCodecsBench(200, 1).map((line) => line.checksum));
    expect(lines.every((line) => Number.isFinite(line.bestNs) && line.bytes > 0)).toBe(true);
  });
});
