import { expect, it } from 'vitest';
import { runReadersBench } from '../../bench/readers.bench.ts';

it('the readers bench still runs', async () => {
  const lines = await runReadersBench(0.05, 1);
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.every(({ checksum }) => Number.isFinite(checksum) && checksum > 0)).toBe(true);
});
