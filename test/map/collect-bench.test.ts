import { expect, it } from 'vitest';
import { CASES, runCase } from '../../bench/collect.bench.ts';

it.each(CASES)('the collect bench still runs: $name', async (one) => {
  const line = await runCase(one, 2000, 2);
  expect(line.written).toBeGreaterThan(0);
  expect(line.written).toBeLessThanOrEqual(2000);
  expect((await runCase(one, 2000, 1)).checksum).toBe(line.checksum);
});
