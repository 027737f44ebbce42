import { expect, it } from 'vitest';
import { RandomIds } from '../../lib/node/random-ids.ts';
import { SystemClock } from '../../lib/node/system-clock.ts';

it('RandomIds makes ids that are safe in a file name, never alike, and sort by time', async () => {
  const ids = new RandomIds();
  const made = Array.from({ length: 10_000 }, () => ids.newId());
  expect(new Set(made).size).toBe(made.length);
  for (const id of made) expect(id).toMatch(/^[0-9a-z]{29}$/);
  await new SystemClock().sleep(3);
  const later = ids.newId();
  expect(made.every((id) => id < later)).toBe(true);
  const random = ids.random();
  expect(random >= 0 && random < 1).toBe(true);
});
