import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fields } from '../../lib/local/interpreter/fields.ts';
import { delaySeconds, parseRetry, RetryCounts } from '../../lib/local/interpreter/retry.ts';
import { seededRandom } from './run-case.ts';

const retrier = fc.record({
  ErrorEquals: fc.uniqueArray(fc.constantFrom('A', 'B', 'C'), { minLength: 1 }),
  IntervalSeconds: fc.integer({ min: 1, max: 9 }),
  BackoffRate: fc.constantFrom(1, 1.5, 2, 3),
  MaxDelaySeconds: fc.integer({ min: 10, max: 100 }),
  MaxAttempts: fc.integer({ min: 0, max: 5 }),
  JitterStrategy: fc.constantFrom('FULL', 'NONE'),
});

/** The slow obvious way: every retrier keeps the list of errors that it took. */
function oracle(
  retriers: readonly (typeof retrier extends fc.Arbitrary<infer T> ? T : never)[],
  errors: readonly string[],
): number[] {
  const taken = retriers.map((): string[] => []);
  const bounds: number[] = [];
  for (const error of errors) {
    const index = retriers.findIndex((each) => each.ErrorEquals.includes(error as 'A'));
    const found = retriers[index];
    const list = taken[index];
    if (found === undefined || list === undefined || list.length === found.MaxAttempts) break;
    let wait = found.IntervalSeconds;
    for (const _ of list) wait *= found.BackoffRate;
    list.push(error);
    bounds.push(Math.min(wait, found.MaxDelaySeconds) * 1000);
  }
  return bounds;
}

describe('RetryCounts', () => {
  it('waits as long as the retriers say, whatever the errors are and in whichever order', () => {
    fc.assert(
      fc.property(
        fc.array(retrier, { minLength: 1, maxLength: 3 }),
        fc.array(fc.constantFrom('A', 'B', 'C', 'D')),
        (retriers, errors) => {
          const counts = new RetryCounts(parseRetry(new Fields('test', { Retry: retriers })));
          const bounds = oracle(retriers, errors);
          for (const [attempt, error] of errors.entries()) {
            const delayMs = counts.nextDelayMs(error, () => 1);
            expect(delayMs).toBe(bounds[attempt]);
            if (delayMs === undefined) break;
          }
        },
      ),
    );
  });
});

describe('delaySeconds', () => {
  const full = parseRetry(
    new Fields('test', { Retry: [{ ErrorEquals: ['A'], MaxDelaySeconds: 60, JitterStrategy: 'FULL' }] }),
  )[0]!;

  it('spreads full jitter evenly from nothing to the wait without jitter', () => {
    const random = seededRandom(41);
    for (const [retries, bound] of [
      [0, 1],
      [3, 8],
      [10, 60],
    ] as const) {
      const delays = Array.from({ length: 2000 }, () => delaySeconds(full, retries, random));
      expect(Math.max(...delays)).toBeLessThan(bound);
      expect(Math.max(...delays)).toBeGreaterThan(bound * 0.99);
      expect(Math.min(...delays)).toBeLessThan(bound * 0.01);
      const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
      expect(mean / bound).toBeCloseTo(0.5, 1);
    }
  });

  it('stays at the cap after a thousand retries', () => {
    expect(delaySeconds({ ...full, fullJitter: false }, 1100, () => 0)).toBe(60);
  });
});
