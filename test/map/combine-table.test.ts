import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collect as collectValues } from '../../lib/combine/collect.ts';
import type { BuiltinCombiner } from '../../lib/combine/combiner.ts';
import { count as countOf } from '../../lib/combine/count.ts';
import { first } from '../../lib/combine/first.ts';
import { max as maxOf, min as minOf } from '../../lib/combine/min-max.ts';
import { sum as sumOf } from '../../lib/combine/sum.ts';
import { top } from '../../lib/combine/top.ts';
import { partitionOf } from '../../lib/job/partitioner.ts';
import { CombineTable } from '../../lib/map/combine-table.ts';
import { MapMemory } from '../../lib/map/map-memory.ts';
import { ByteSink } from '../../lib/record/byte-sink.ts';
import { decodeKey } from '../../lib/record/key-decoder.ts';
import { encodeKey } from '../../lib/record/key-encoder.ts';
import { Slice } from '../../lib/record/slice.ts';
import { decodeNumber } from '../../lib/record/value-decoder.ts';
import type { RunCursor } from '../../lib/shuffle/run-cursor.ts';
import { collect, finished, openCollector, type Pair, type Stored, sliceOf, withoutNumbers } from './collected.ts';

type AnyCombiner = BuiltinCombiner<never, unknown>;

function hexOf(key: unknown): string {
  const sink = new ByteSink();
  encodeKey(key, sink);
  return Buffer.from(sink.take()).toString('hex');
}

/** The slow obvious way: a Map by encoded key, every value folded by itself into one state; in the order of a segment. */
function folded(
  pairs: readonly Pair[],
  combiner: AnyCombiner,
  partitions: number,
): { key: string; result: readonly unknown[] }[] {
  const values = new Map<string, unknown[]>();
  for (const [key, value] of pairs) {
    const hex = hexOf(key);
    values.set(hex, [...(values.get(hex) ?? []), value]);
  }
  const partition = (hex: string) => partitionOf({ partitions, groupBy: 0 }, Buffer.from(hex, 'hex'), 0, hex.length / 2);
  return [...values]
    .sort(([a], [b]) => partition(a) - partition(b) || (a < b ? -1 : 1))
    .map(([key, list]) => {
      const states = combiner.createStates();
      states.start(0, list[0]);
      for (const value of list.slice(1)) states.add(0, value);
      return { key, result: states.result(0) };
    });
}

function results(stored: readonly Stored[], combiner: AnyCombiner): { key: string; result: readonly unknown[] }[] {
  return stored.map(({ keyBytes, valueBytes }) => {
    const states = combiner.createStates();
    states.startEncoded(0, valueBytes, 0, valueBytes.length);
    return { key: Buffer.from(keyBytes).toString('hex'), result: states.result(0) };
  });
}

const words = [
  '',
  'a',
  'ab',
  'the',
  'quick',
  'brown foxes',
  'twelve chars',
  'thirteen char',
  'über',
  '漢字',
  'x'.repeat(100),
  'a\0',
  'a\0\0',
];
const key = fc.oneof(
  fc.constantFrom(...words),
  fc.constantFrom(...words).map(sliceOf),
  fc.constantFrom(...words).map((word) => new TextEncoder().encode(word)),
  fc.nat(3000).map((index) => `key ${index}`),
  fc.nat(3000).map((index) => sliceOf(`key ${index}`)),
  fc.constantFrom(null, true, false, 0, -0, 1.5, 7n, ['a', 1], ['a', [sliceOf('b'), null]]),
);
/** `repeat` makes enough pairs to fill the smallest memory several times. */
const pairsOf = (value: fc.Arbitrary<unknown>) =>
  fc
    .tuple(fc.array(fc.tuple(key, value), { maxLength: 300, size: 'max' }), fc.constantFrom(1, 4))
    .map(([pairs, repeat]) =>
      Array.from({ length: repeat }, (_, round) =>
        pairs.map(([one, other], index): Pair => [typeof one === 'string' && index % 3 > 0 ? `${one}${round}` : one, other]),
      ).flat(),
    );

const number = fc.oneof(
  fc.integer({ min: -5, max: 1000 }),
  fc.double({ noNaN: true }),
  fc.constantFrom(0.1, 1e300, -1e300, 2 ** 53),
);
const anyValue = fc.oneof(number, fc.string(), fc.constantFrom(null, [1, 'x'], 5n));

describe.each([
  { states: 'columns', of: withoutNumbers },
  { states: 'numbers', of: (combiner: AnyCombiner) => combiner },
])('a collector with a built-in combiner, its states in $states', ({ of }) => {
  const sum = () => of(sumOf() as AnyCombiner);
  const count = () => of(countOf() as AnyCombiner);
  const min = () => of(minOf() as AnyCombiner);
  const max = () => of(maxOf() as AnyCombiner);

  it.each([
    { name: 'sum', combiner: sum() as AnyCombiner, value: number },
    { name: 'sum of bigints', combiner: sum() as AnyCombiner, value: fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }) },
    { name: 'count', combiner: count() as AnyCombiner, value: anyValue },
    { name: 'min', combiner: min() as AnyCombiner, value: number },
    { name: 'max', combiner: max() as AnyCombiner, value: fc.string() },
    { name: 'top', combiner: top(3) as AnyCombiner, value: number },
    { name: 'collect', combiner: collectValues() as AnyCombiner, value: anyValue },
    { name: 'first', combiner: first() as AnyCombiner, value: anyValue },
  ])('folds $name as one state a key would, whatever was spilled', async ({ combiner, value }) => {
    await fc.assert(
      fc.asyncProperty(pairsOf(value), fc.constantFrom(1, 5), async (pairs, partitions) => {
        const { stored, collector } = await collect(pairs, { combiner, partitions });
        expect(results(stored, combiner)).toEqual(folded(pairs, combiner, partitions));
        expect(collector.emitted).toBe(pairs.length);
        expect(collector.emitted - collector.combined).toBe(stored.length);
      }),
      { numRuns: 40 },
    );
  });

  it('gives the same bytes however little memory it has', async () => {
    const pairs = Array.from({ length: 20_000 }, (_, index): Pair => [`word${(index * 7919) % 3000}`, 1 / (1 + (index % 13))]);
    const small = await collect(pairs, { combiner: sum() as AnyCombiner, partitions: 3, memoryBytes: 16 * 1024 });
    const large = await collect(pairs, { combiner: sum() as AnyCombiner, partitions: 3, memoryBytes: 16 * 1024 * 1024 });
    expect(small.collector.spills).toBeGreaterThan(20);
    expect(large.collector.spills).toBe(0);
    expect(small.stored).toEqual(large.stored);
  });

  it('keeps slices of one reused buffer apart, also at its very end', async () => {
    const bytes = new TextEncoder().encode('to be or not to be');
    const slice = new Slice(bytes, 0, 0);
    const collector = openCollector({ combiner: sum() as AnyCombiner });
    const { emit } = collector;
    for (let start = 0, end = 0; end < bytes.length; start = end + 1) {
      end = bytes.indexOf(32, start);
      if (end < 0) end = bytes.length;
      slice.byteStart = start;
      slice.byteEnd = end;
      emit(slice, 1);
    }
    const stored = await finished(collector, 1);
    const decoder = new TextDecoder();
    expect(
      results(stored, sum() as AnyCombiner).map(({ result }, at) => [decoder.decode(stored[at]!.key as Uint8Array), result[0]]),
    ).toEqual([
      ['be', 2],
      ['not', 1],
      ['or', 1],
      ['to', 2],
    ]);
  });

  it('takes more keys than are looked up at once, and than fit the memory', async () => {
    const keys = 120_000;
    const slice = sliceOf('12345678');
    const view = new DataView(slice.bytes.buffer);
    const collector = openCollector({ combiner: sum() as AnyCombiner, memoryBytes: 4 * 1024 * 1024, partitions: 4 });
    for (let index = 0; index < keys * 2; index++) {
      view.setFloat64(2, index % keys);
      collector.emit(slice, index < keys ? 1 : 2);
    }
    const stored = await finished(collector, 4);
    expect(collector.spills).toBeGreaterThan(1);
    expect(stored.length).toBe(keys);
    expect(new Set(stored.map(({ valueBytes }) => valueBytes.toString()))).toEqual(new Set(['3']));
  });

  it('counts pairs that wait to be looked up together, through spills', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1500), { maxLength: 3000, size: 'max' }), fc.integer({ min: 1, max: 9 }), (indexes, step) => {
        const counts = new Map<string, number>();
        const add = (cursor: RunCursor) => {
          while (cursor.next()) {
            const one = decodeKey(cursor.keyBytes, cursor.keyStart, cursor.keyEnd) as string;
            counts.set(one, (counts.get(one) ?? 0) + decodeNumber(cursor.valueBytes, cursor.valueStart));
          }
        };
        const table: CombineTable = new CombineTable({
          memory: new MapMemory(0),
          rule: { partitions: 3, groupBy: 0 },
          states: sum().createStates(),
          numbers: sum().numbers,
          onFull: () => {
            add(table.sorted());
            table.clear();
          },
          onLong: () => expect.unreachable('no key is long'),
        });
        const expected = new Map<string, number>();
        for (const [at, index] of indexes.entries()) {
          const one = index % 5 === 0 ? `a longer key ${index}` : `k${index}`;
          expected.set(one, (expected.get(one) ?? 0) + (at % step));
          table.emit(one, at % step);
        }
        table.flush();
        add(table.sorted());
        expect(counts).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('leaves no pair waiting at its end', async () => {
    const collector = openCollector({ combiner: sum() as AnyCombiner, memoryBytes: 16 * 1024 * 1024 });
    for (let index = 0; index < 70_100; index++) collector.emit(index, 1);
    expect((await finished(collector, 1)).length).toBe(70_100);
  });

  it('names the record at hand when numbers and bigints meet', () => {
    const collector = openCollector({ combiner: sum() as AnyCombiner, memoryBytes: 16 * 1024 * 1024 });
    for (let index = 0; index < 70_000; index++) collector.emit(`key${index}`, 1);
    collector.emit('big', 1n);
    expect(() => collector.emit('big', 1)).toThrow('bigint');
    expect(() => collector.emit('key1', 1n)).toThrow('bigint');
  });

  it('goes on after a value that it refused, though pairs wait', async () => {
    const collector = openCollector({ combiner: top(2) as AnyCombiner, memoryBytes: 16 * 1024 * 1024 });
    collector.emit('a', 1);
    expect(() => collector.emit('a', Number.NaN)).toThrow('NaN');
    expect(() => collector.emit('new', Number.NaN)).toThrow('NaN');
    collector.emit('a', 2);
    const stored = await finished(collector, 1);
    expect(results(stored, top(2) as AnyCombiner)).toEqual([{ key: hexOf('a'), result: [2, 1] }]);
    expect(collector.emitted).toBe(2);
  });

  it('goes on after a key that it refused', async () => {
    const collector = openCollector({ combiner: sum() as AnyCombiner });
    collector.emit('a', 1);
    expect(() => collector.emit(Number.NaN, 1)).toThrow('NaN');
    expect(() => collector.emit('\ud800', 1)).toThrow('surrogate');
    collector.emit('a', 1);
    const stored = await finished(collector, 1);
    expect(stored.map(({ key: one, valueBytes }) => [one, ...valueBytes])).toEqual([['a', 2]]);
    expect(collector.emitted).toBe(2);
  });

  it('keeps one key of a hundred thousand collected values within the memory, in order', async () => {
    const pairs = Array.from({ length: 100_000 }, (_, index): Pair => ['hot', `value ${index}`]);
    const combiner = collectValues() as AnyCombiner;
    const { stored, collector } = await collect(pairs, { combiner });
    expect(collector.spills).toBeGreaterThan(3);
    expect(Math.max(...stored.map(({ valueBytes }) => valueBytes.length))).toBeLessThan(512 * 1024);
    expect(results(stored, combiner).flatMap(({ result }) => result[0] as string[])).toEqual(pairs.map(([, value]) => value));
  });

  it('takes keys longer than its memory', async () => {
    const long = 'k'.repeat(100_000);
    const pairs: Pair[] = [
      ['a', 1],
      [long, 2],
      ['a', 3],
      [sliceOf(long), 4],
      [long, 5],
    ];
    const { stored } = await collect(pairs, { combiner: sum() as AnyCombiner });
    expect(results(stored, sum() as AnyCombiner)).toEqual(folded(pairs, sum() as AnyCombiner, 1));
  });

  it('puts all keys of a group into one partition', async () => {
    const pairs = Array.from({ length: 500 }, (_, index): Pair => [[`group${index % 20}`, index], 1]);
    const { stored } = await collect(pairs, { combiner: sum() as AnyCombiner, groupBy: 1, partitions: 8 });
    const places = new Set(stored.map(({ key: one, partition }) => `${(one as string[])[0]} in ${partition}`));
    expect(places.size).toBe(20);
    expect(() => openCollector({ combiner: sum() as AnyCombiner, groupBy: 1 }).emit('no tuple', 1)).toThrow('groupBy');
  });
});
