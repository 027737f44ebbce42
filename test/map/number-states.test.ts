import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BuiltinCombiner } from '../../lib/combine/combiner.ts';
import { count } from '../../lib/combine/count.ts';
import { max, min } from '../../lib/combine/min-max.ts';
import { sum } from '../../lib/combine/sum.ts';
import { CombineTable } from '../../lib/map/combine-table.ts';
import { MapMemory } from '../../lib/map/map-memory.ts';
import { FIRST_ENTRY, KEY_BYTES_STAGED_MAX } from '../../lib/map/table-program.ts';
import { decodeKey } from '../../lib/record/key-decoder.ts';
import { decodeValue } from '../../lib/record/value-decoder.ts';
import { collect, finished, openCollector, type Pair, sliceOf, withoutNumbers } from './collected.ts';

type AnyCombiner = BuiltinCombiner<never, unknown>;

const key = fc.oneof(
  fc.nat(2000).map((index) => `k${index}`),
  fc.nat(2000).map((index) => sliceOf(`k${index}`)),
  fc.nat(40).map((length) => 'x'.repeat(length)),
  fc.nat(40).map((length) => sliceOf('x'.repeat(length))),
  fc.constantFrom('ü', 'ü'.repeat(9), '\0', '\0\0', 'a\0', null, 7, ['a', 1]),
);
const number = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.double(),
  fc.constantFrom(0, -0, 0.1, 2 ** 53, -(2 ** 53), 1e308, -1e308, Infinity, -Infinity, Number.NaN, Number.MIN_VALUE),
);
/** Among other values NaN is refused, and 0 may lose its sign. */
const mixed = fc.oneof(
  number.filter((one) => !Number.isNaN(one) && !Object.is(one, -0)),
  fc.constantFrom('a', 'b', 7n, -1n, null, [1, 'x']),
);
const pairsOf = (value: fc.Arbitrary<unknown>): fc.Arbitrary<Pair[]> =>
  fc.array(fc.tuple(key, value), { maxLength: 3000, size: 'max' });

describe('a combine table that holds numbers itself', () => {
  it.each([
    { name: 'sum', combiner: sum() as AnyCombiner, value: number },
    { name: 'sum of small whole numbers', combiner: sum() as AnyCombiner, value: fc.integer({ min: -9, max: 9 }) },
    { name: 'sum of bigints', combiner: sum() as AnyCombiner, value: fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }) },
    { name: 'count', combiner: count() as AnyCombiner, value: mixed },
    { name: 'min', combiner: min() as AnyCombiner, value: number },
    { name: 'min of anything', combiner: min() as AnyCombiner, value: mixed },
    { name: 'max', combiner: max() as AnyCombiner, value: number },
    { name: 'max of anything', combiner: max() as AnyCombiner, value: mixed },
  ])('leaves the very bytes that a column of states leaves: $name', async ({ combiner, value }) => {
    await fc.assert(
      fc.asyncProperty(pairsOf(value), fc.constantFrom(16, 18, 36, 72, 1024), async (pairs, kibibytes) => {
        const options = { memoryBytes: kibibytes * 1024, partitions: 3 };
        const numbers = await collect(pairs, { ...options, combiner });
        const states = await collect(pairs, { ...options, combiner: withoutNumbers(combiner) });
        expect(numbers.stored).toEqual(states.stored);
        expect(numbers.collector.combined).toBe(states.collector.combined);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps keys of every length apart, whatever lies behind them', async () => {
    const lengths = [...Array(60).keys(), ...[-2, -1, 0, 1, 2].map((more) => KEY_BYTES_STAGED_MAX + more), 20_000];
    const pairs = lengths.flatMap((length): Pair[] => {
      const text = 'k'.repeat(length);
      const one = sliceOf(text);
      const other = sliceOf(`${text}zzzzzzzzzzzzzzzz`);
      other.byteEnd = other.byteStart + length;
      return [
        [one, 1],
        [one, 1],
        [other, 1],
        [other, 1],
        [text, 10],
        [`${text.slice(1)}!`, 100],
        [new TextEncoder().encode(text), 1],
      ];
    });
    for (const memoryBytes of [96 * 1024, 1024 * 1024]) {
      const numbers = await collect(pairs, { combiner: sum() as AnyCombiner, memoryBytes });
      const states = await collect(pairs, { combiner: withoutNumbers(sum() as AnyCombiner), memoryBytes });
      expect(numbers.stored).toEqual(states.stored);
    }
  });

  it('keeps keys apart whose hashes are equal', () => {
    // Of so many keys some twenty share their 32 bits with another, and their first 12 bytes with all.
    const keys = 400_000;
    const table = openTable(64 * 1024 * 1024, () => expect.unreachable('the memory is large enough'));
    for (let index = 0; index < keys; index++) table.emit(`all start alike ${index}`, 1);
    table.flush();
    const cursor = table.sorted();
    let count = 0;
    while (cursor.next()) count++;
    expect(count).toBe(keys);
  });

  it('takes every NaN as NaN, whatever its bits', async () => {
    const bits = new BigUint64Array([0x7ff8000000000005n, 0xfff0000000000001n]);
    const pairs = [...new Float64Array(bits.buffer)].map((value, index): Pair => [index, value]);
    const { stored } = await collect(pairs, { combiner: min() as AnyCombiner });
    expect(stored.map(({ valueBytes }) => decodeValue(valueBytes, 0, valueBytes.length))).toEqual([Number.NaN, Number.NaN]);
  });

  it('finds every key after it has grown, with room for a copy of its places and without', () => {
    for (const kibibytes of [16, 20, 33, 36, 39, 70, 75, 1000]) {
      const table = openTable(kibibytes * 1024, () => expect.unreachable('the memory is large enough'));
      for (let index = 0; index < kibibytes * 30; index++) table.emit(index % (kibibytes * 15), 1);
      table.flush();
      const seen = new Map<unknown, number>();
      addAll(table, seen);
      expect(seen).toEqual(new Map(Array.from({ length: kibibytes * 15 }, (_, index) => [index, 2])));
    }
  });

  it('is full at the same pair however the pairs before came in batches, and holds as much again when cleared', () => {
    const seen = new Map<unknown, number>();
    const fulls: number[] = [];
    const table: CombineTable = openTable(64 * 1024, () => {
      addAll(table, seen);
      fulls.push(seen.size);
      table.clear();
    });
    for (let index = 0; index < 20_000; index++) {
      table.emit(`key ${index}`, 1);
      if (index % 7 === 0) table.flush();
    }
    table.flush();
    const held = Math.floor((64 * 1024 - FIRST_ENTRY) / (24 + 28));
    expect(fulls).toEqual(Array.from({ length: Math.floor(20_000 / held) }, (_, index) => (index + 1) * held));
  });

  it('goes on after a value that it refused, and does not hold its key', async () => {
    const collector = openCollector({ combiner: sum() as AnyCombiner });
    collector.emit('a', 1);
    expect(() => collector.emit('new', 'no number')).toThrow('sum() takes numbers');
    expect(() => collector.emit('a', null)).toThrow('sum() takes numbers');
    collector.emit('b', 1);
    const stored = await finished(collector, 1);
    expect(stored.map(({ key: one, valueBytes }) => [one, ...valueBytes])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
  });

  it('counts states that are no single number as memory', async () => {
    const keys = Array.from({ length: 6000 }, (_, index) => `k${index >> 2}`);
    const parts = keys.map((one, index): Pair => [one, [0.1, 1e300, -1e-300, 3][index & 3]]);
    const memoryBytes = 160 * 1024;
    const whole = await collect(
      keys.map((one): Pair => [one, 1]),
      { combiner: sum() as AnyCombiner, memoryBytes },
    );
    const exact = await collect(parts, { combiner: sum() as AnyCombiner, memoryBytes });
    const states = await collect(parts, { combiner: withoutNumbers(sum() as AnyCombiner), memoryBytes: 64 * 1024 * 1024 });
    expect(whole.collector.spills).toBe(0);
    expect(exact.collector.spills).toBeGreaterThan(0);
    expect(exact.stored).toEqual(states.stored);
  });
});

function openTable(memoryBytes: number, onFull: () => void): CombineTable {
  const combiner = sum();
  return new CombineTable({
    memory: new MapMemory(memoryBytes),
    rule: { partitions: 1, groupBy: 0 },
    numbers: combiner.numbers!,
    states: combiner.createStates(),
    onFull,
    onLong: () => expect.unreachable('no key is long'),
  });
}

function addAll(table: CombineTable, seen: Map<unknown, number>): void {
  const cursor = table.sorted();
  while (cursor.next()) {
    const one = decodeKey(cursor.keyBytes, cursor.keyStart, cursor.keyEnd);
    seen.set(one, (seen.get(one) ?? 0) + (decodeValue(cursor.valueBytes, cursor.valueStart, cursor.valueEnd) as number));
  }
}
