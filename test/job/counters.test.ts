import { describe, expect, it } from 'vitest';
import { CounterSum, Counters } from '../../lib/job/counters.ts';

/** Names that an object has from the start. */
const NAMES = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'plain'];

describe('counters', () => {
  it('are summed over attempts under any name, also through JSON', () => {
    const sum = new CounterSum();
    for (const count of [1, 2, 3]) {
      const counters = new Counters();
      for (const name of NAMES) counters.counter(name).add(count);
      sum.add(JSON.parse(JSON.stringify(counters.totals())));
    }
    expect(Object.entries(JSON.parse(JSON.stringify(sum.totals())))).toEqual(NAMES.map((name) => [name, 6]));
  });

  it('are refused when their sum is not exact', () => {
    const sum = new CounterSum();
    sum.add({ many: Number.MAX_SAFE_INTEGER });
    expect(() => sum.add({ many: 1 })).toThrow('counter many: 1 is not a whole number that keeps the total exact');
    expect(() => new Counters().counter('halves').add(0.5)).toThrow(
      expect.objectContaining({ hint: 'Add whole numbers, which together stay below 2^53.' }),
    );
  });
});
