import { describe, expect, it } from 'vitest';
import { type Phase, runStorm } from './storm.ts';

const met: Phase[] = [];

describe('the perfect storm', () => {
  it('over 500,000 strings ends with exact counts: 4 workers killed in mid-map, then 10, again and again', async () => {
    const { kills } = await runStorm({ seed: 500, strings: 500_000, workers: [4, 10], kills: 5 });
    met.push(...kills);
    expect(kills[0]).toBe('map');
  }, 300_000);

  it.each(Array.from({ length: 20 }, (_, index) => index + 1))(
    'ends with exact counts, at the instants of seed %i',
    async (seed) => {
      const { kills } = await runStorm({ seed, strings: 40_000, workers: [2, 3], kills: 3 + (seed % 2) });
      met.push(...kills);
    },
    120_000,
  );

  it('has met map, shuffle and reduce', () => {
    expect(met).toContain('map');
    expect(met).toContain('shuffle');
    expect(met).toContain('reduce');
  });
});
