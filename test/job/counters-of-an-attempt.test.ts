import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../lib/errors.ts';
import { CounterSum, Counters } from '../../lib/job/counters.ts';

const NAMES_MAX = 1_000;
const SAFE_MAX = Number.MAX_SAFE_INTEGER;

describe('Counters', () => {
  it('counts from 0: a counter that was asked for is there, also when nothing was added', () => {
    const counters = new Counters();
    expect(counters.totals()).toEqual({});
    counters.counter('seen');
    expect(counters.totals()).toEqual({ seen: 0 });
  });

  it('gives one counter for one name, however often it is asked for', () => {
    const counters = new Counters();
    const seen = counters.counter('seen');
    seen.add(2);
    counters.counter('seen').add(-5);
    seen.add(0);
    expect(counters.counter('seen')).toBe(seen);
    expect(counters.totals()).toEqual({ seen: -3 });
  });

  it('sums exactly, in whatever order and attempts', () => {
    const added = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer()), { maxLength: 50 });
    fc.assert(
      fc.property(added, fc.nat({ max: 50 }), (list, at) => {
        const expected: Record<string, bigint> = {};
        for (const [name, count] of list) expected[name] = (expected[name] ?? 0n) + BigInt(count);
        const sum = new CounterSum();
        for (const attempt of [list.slice(at).toReversed(), list.slice(0, at)]) {
          const counters = new Counters();
          for (const [name, count] of attempt) counters.counter(name).add(count);
          sum.add(counters.totals());
        }
        const totals = Object.entries(sum.totals()).map(([name, count]) => [name, BigInt(count)]);
        expect(Object.fromEntries(totals)).toEqual(expected);
      }),
    );
  });

  it.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('refuses to add %d, and keeps its total', (count) => {
    const counters = new Counters();
    counters.counter('seen').add(7);
    expect(() => counters.counter('seen').add(count)).toThrow(InvalidOptionError);
    expect(counters.totals()).toEqual({ seen: 7 });
  });

  it.each([
    { total: SAFE_MAX, count: 1 },
    { total: -SAFE_MAX, count: -1 },
  ])('refuses $count more than $total: sums are exact or refused', ({ total, count }) => {
    const seen = new Counters().counter('seen');
    seen.add(total);
    expect(() => seen.add(count)).toThrow('counter seen');
    seen.add(-total);
  });

  it('has at most 1,000 names, so that data cannot fill the memory with them', () => {
    const counters = new Counters();
    for (let index = 0; index < NAMES_MAX; index++) counters.counter(`name ${index}`).add(1);
    expect(() => counters.counter('one more')).toThrow(/one more is not one of at most 1000 names/);
    counters.counter('name 0').add(1);
    expect(Object.keys(counters.totals())).toHaveLength(NAMES_MAX);
    expect(counters.totals()['name 0']).toBe(2);
  });
});
