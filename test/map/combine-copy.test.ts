import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CombineFunction, Emit } from '../../lib/job/define-job.ts';
import { decodeValue } from '../../lib/record/value-decoder.ts';
import { collect, finished, openCollector, type Pair, type Stored } from './collected.ts';

const add: CombineFunction<unknown, number> = (key, values, emit) => {
  let total = 0;
  for (const value of values) total += value;
  emit(key, total);
};

const decoded = (stored: readonly Stored[]) =>
  stored.map(({ key, valueBytes }) => [key, decodeValue(valueBytes, 0, valueBytes.length)]);

describe("a user's combine function", () => {
  it('gets every value of each key, and its pairs take their place, whatever was spilled', async () => {
    const pairs = fc.array(fc.tuple(fc.oneof(fc.nat(50), fc.string({ maxLength: 3 }), fc.constant(['t', 1])), fc.nat(100)), {
      maxLength: 500,
      size: 'max',
    });
    let spills = 0;
    await fc.assert(
      fc.asyncProperty(pairs, async (some) => {
        const emitted: Pair[] = [...some, ...some, ...some];
        const { stored, collector } = await collect(emitted, { combiner: add as never });
        const totals = new Map<string, number>();
        for (const [key, value] of emitted)
          totals.set(JSON.stringify(key), (totals.get(JSON.stringify(key)) ?? 0) + (value as number));
        expect(new Map(decoded(stored).map(([key, total]) => [JSON.stringify(key), total]))).toEqual(totals);
        expect(collector.combined).toBe(emitted.length - totals.size);
        spills += collector.spills;
      }),
      { numRuns: 40 },
    );
    expect(spills).toBeGreaterThan(20);
  });

  it('runs once a key when memory is enough, and again over spills when it is not', async () => {
    const emitted = Array.from({ length: 4000 }, (_, index): Pair => [index % 4, 1]);
    const callsOf = async (memoryBytes: number) => {
      let calls = 0;
      const combiner: CombineFunction<unknown, number> = (...call) => {
        calls++;
        add(...call);
      };
      const { collector } = await collect(emitted, { combiner: combiner as never, memoryBytes });
      return { calls, spills: collector.spills };
    };
    expect(await callsOf(1024 * 1024)).toEqual({ calls: 4, spills: 0 });
    const { calls, spills } = await callsOf(16 * 1024);
    expect(spills).toBeGreaterThan(3);
    expect(calls).toBe(4 * (spills + 1));
  });

  it('may emit several pairs, or none, and keeps their order', async () => {
    const combiner: CombineFunction<string, number> = (key, values, emit) => {
      if (key === 'drop') return;
      for (const value of values) if (value % 2 === 1) emit(key, value);
    };
    const emitted: Pair[] = [
      ['a', 3],
      ['drop', 1],
      ['a', 2],
      ['a', 1],
      ['b', 4],
    ];
    const { stored } = await collect(emitted, { combiner: combiner as never });
    expect(decoded(stored)).toEqual([
      ['a', 3],
      ['a', 1],
    ]);
  });

  const refused: { name: string; combiner: CombineFunction<unknown, unknown>; message: string }[] = [
    {
      name: 'another key',
      combiner: (_key, _values, emit: Emit<unknown, unknown>) => emit('other', 1),
      message: 'emitted "other"',
    },
    {
      name: 'another key that is caught',
      combiner: (_key, _values, emit: Emit<unknown, unknown>) => {
        try {
          emit(['a'], 1);
        } catch {}
      },
      message: 'emitted ["a"]',
    },
    { name: 'a promise', combiner: (async () => {}) as CombineFunction<unknown, unknown>, message: 'promise' },
    {
      name: 'an error',
      combiner: () => {
        throw new RangeError('boom');
      },
      message: 'combine failed at key "a"',
    },
  ];
  it.each(refused)('fails the attempt for $name', async ({ combiner, message }) => {
    await expect(collect([['a', 1]], { combiner: combiner as never })).rejects.toThrow(message);
  });

  it("cannot use the map's emit", async () => {
    const combiner: CombineFunction<string, number> = (key, _values, _emit) => collector.emit(key, 1);
    const collector = openCollector({ combiner: combiner as never });
    collector.emit('a', 1);
    await expect(finished(collector, 1)).rejects.toThrow('was over');
  });
});
