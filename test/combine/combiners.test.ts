import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collect } from '../../lib/combine/collect.ts';
import type { BuiltinCombiner, StateColumn } from '../../lib/combine/combiner.ts';
import { count } from '../../lib/combine/count.ts';
import { first } from '../../lib/combine/first.ts';
import { max, min } from '../../lib/combine/min-max.ts';
import { sum } from '../../lib/combine/sum.ts';
import { top } from '../../lib/combine/top.ts';
import { InvalidOptionError, UnencodableError } from '../../lib/errors.ts';
import { defineJob, type Emit, type Job } from '../../lib/job/define-job.ts';
import { ByteSink } from '../../lib/record/byte-sink.ts';
import { compareKeys } from '../../lib/record/compare-keys.ts';
import { encodeOrder } from '../../lib/record/key-encoder.ts';
import type { Reader } from '../../lib/record/reader.ts';
import { Slice } from '../../lib/record/slice.ts';
import { decodeValue, decodeValues } from '../../lib/record/value-decoder.ts';
import { encodeValue } from '../../lib/record/value-encoder.ts';

type AnyCombiner = BuiltinCombiner<unknown, unknown>;

/** How a value reaches a state, chosen by a number, so that every entry meets every other. */
function put(states: StateColumn, slot: number, value: unknown, isFirst: boolean, way: number): void {
  if (way % 3 === 0 && typeof value === 'number') {
    if (isFirst) states.startNumber(slot, value);
    else states.addNumber(slot, value);
  } else if (way % 3 === 1) {
    const sink = new ByteSink();
    encodeValue(value, sink);
    if (isFirst) states.startEncoded(slot, sink.bytes, 0, sink.length);
    else states.addEncoded(slot, sink.bytes, 0, sink.length);
  } else if (isFirst) {
    states.start(slot, value);
  } else {
    states.add(slot, value);
  }
}

/** Combines every group alone, as map tasks do, and merges the encoded states into the slot of another column. */
function combine(
  combiner: AnyCombiner,
  groups: readonly (readonly unknown[])[],
  slot: number,
): { values: readonly unknown[]; state: Uint8Array } {
  const merged = combiner.createStates();
  const column = combiner.createStates();
  groups.forEach((group, index) => {
    group.forEach((value, at) => {
      put(column, index, value, at === 0, index + at);
    });
  });
  groups.forEach((_, index) => {
    const sink = new ByteSink();
    sink.appendByte(0xaa);
    column.encode(index, sink);
    if (index === 0) merged.startEncoded(slot, sink.bytes, 1, sink.length);
    else merged.addEncoded(slot, sink.bytes, 1, sink.length);
  });
  const state = new ByteSink();
  merged.encode(slot, state);
  return { values: merged.result(slot), state: state.take() };
}

function encodedOrder(value: unknown): Uint8Array {
  const sink = new ByteSink();
  encodeOrder(value, sink);
  return sink.take();
}

function byOrder(a: unknown, b: unknown): number {
  const left = encodedOrder(a);
  const right = encodedOrder(b);
  return compareKeys(left, 0, left.length, right, 0, right.length);
}

const word = fc.string({ unit: fc.constantFrom('a', 'b', '\uffff', '😀'), maxLength: 70, size: 'max' });
const ordered = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.double({ noNaN: true }).map((value) => value + 0),
  fc.bigInt(),
  word,
  fc.uint8Array({ maxLength: 40 }),
  fc.date({ noInvalidDate: true }),
  fc.tuple(fc.integer({ min: 0, max: 9 }), word),
  fc.constantFrom(null, true, false),
);
const groupsOf = <T>(value: fc.Arbitrary<T>) =>
  fc.array(fc.array(value, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 8 });

describe('count', () => {
  it('counts pairs, whatever their values, and adds the counts of parts', () => {
    fc.assert(
      fc.property(groupsOf(fc.oneof(fc.anything({ maxDepth: 0 }), fc.integer())), fc.nat(1000), (groups, slot) => {
        expect(combine(count(), groups, slot).values).toEqual([groups.flat().length]);
      }),
    );
  });

  it.each([1, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1])(
    'writes a count of %d that no plain value equals',
    (total) => {
      const states = count().createStates();
      states.startNumber(0, 7);
      expect(states.result(0)).toEqual([1]);
      (states as unknown as { counts: Float64Array }).counts[0] = total;
      const sink = new ByteSink();
      states.encode(0, sink);
      expect(decodeValue(sink.bytes, 0, sink.length)).toBe(total);
      states.startEncoded(1, sink.bytes, 0, sink.length);
      expect(states.result(1)).toEqual([total]);
    },
  );
});

describe('min and max', () => {
  it('give the first and the last value in the order of keys', () => {
    fc.assert(
      fc.property(groupsOf(ordered), fc.nat(1000), (groups, slot) => {
        const sorted = groups.flat().toSorted(byOrder);
        expect(combine(min(), groups, slot).values).toEqual([sorted[0]]);
        expect(combine(max(), groups, slot).values).toEqual([sorted.at(-1)]);
      }),
      { numRuns: 500 },
    );
  });

  it('are Math.min and Math.max for all doubles', () => {
    fc.assert(
      fc.property(groupsOf(fc.oneof(fc.double(), fc.constantFrom(0, -0), fc.constant(1))), (groups) => {
        expect(combine(min(), groups, 0).values).toEqual([Math.min(...groups.flat())]);
        expect(combine(max(), groups, 0).values).toEqual([Math.max(...groups.flat())]);
      }),
    );
  });

  it('copy slices and write the same state whatever the order', () => {
    const states = min().createStates();
    const slice = new Slice(Uint8Array.of(1, 2, 3), 0, 3);
    states.start(0, slice);
    slice.bytes.fill(9);
    expect(states.result(0)).toEqual([Uint8Array.of(1, 2, 3)]);
    expect(
      combine(
        max(),
        [
          [5, 'b'],
          ['c', 1n],
        ],
        0,
      ).state,
    ).toEqual(combine(max(), [['c'], ['b', 5], [1n]], 0).state);
  });

  it('refuse what has no order', () => {
    const states = min().createStates();
    expect(() => states.start(0, { a: 1 })).toThrow(UnencodableError);
    states.startNumber(1, 1);
    expect(() => states.add(1, [NaN])).toThrow('[0] is NaN');
  });
});

describe('top', () => {
  it('gives the n largest values, largest first, or the n smallest', () => {
    fc.assert(
      fc.property(groupsOf(ordered), fc.integer({ min: 1, max: 20 }), fc.nat(1000), (groups, n, slot) => {
        const sorted = groups.flat().toSorted(byOrder);
        expect(combine(top(n), groups, slot).values).toEqual(sorted.toReversed().slice(0, n));
        expect(combine(top(n, { by: 'smallest' }), groups, slot).values).toEqual(sorted.slice(0, n));
      }),
      { numRuns: 500 },
    );
  });

  it('writes one state whatever the order, which decodeValues takes apart', () => {
    const one = combine(
      top(3),
      [
        [
          [1, 'a'],
          [2, 'b'],
        ],
        [
          [2, 'c'],
          [0, 'x'],
          [2, 'b'],
        ],
      ],
      0,
    );
    const other = combine(
      top(3),
      [
        [[2, 'c']],
        [
          [2, 'b'],
          [0, 'x'],
          [1, 'a'],
          [2, 'b'],
        ],
      ],
      5,
    );
    expect(one).toEqual(other);
    expect(decodeValues(one.state, 0, one.state.length)).toEqual([
      [2, 'c'],
      [2, 'b'],
      [2, 'b'],
    ]);
  });

  it('keeps many slots apart, also after it was cleared', () => {
    const states = top(5).createStates();
    for (let round = 0; round < 2; round++) {
      for (let value = 0; value < 20; value++) {
        for (let slot = 0; slot < 500; slot++) put(states, slot, `${(value * 7) % 20}`.padStart(slot % 50, '0'), value === 0, 2);
      }
      for (let slot = 0; slot < 500; slot++) {
        const all = Array.from({ length: 20 }, (_, value) => `${value}`.padStart(slot % 50, '0'));
        expect(states.result(slot)).toEqual(all.sort().reverse().slice(0, 5));
      }
      states.clear();
    }
  });

  it.each([0, 1.5, NaN, -1, 2_000_000])('refuses n = %d', (n) => {
    expect(() => top(n)).toThrow(InvalidOptionError);
  });
});

describe('collect', () => {
  it('gives all values as one array, in order', () => {
    const value = fc.oneof(fc.integer(), fc.string(), fc.array(fc.integer()), fc.constant(undefined));
    fc.assert(
      fc.property(groupsOf(value), fc.nat(1000), (groups, slot) => {
        const { values, state } = combine(collect(), groups, slot);
        expect(values).toEqual([groups.flat()]);
        expect(decodeValues(state, 0, state.length)).toEqual(groups.flat());
      }),
    );
  });

  it('starts a slot anew, and forgets all when cleared', () => {
    const states = collect().createStates();
    states.start(3, 'a');
    states.add(3, 'b');
    states.start(3, 'c');
    expect(states.result(3)).toEqual([['c']]);
    states.clear();
    states.startNumber(3, 1);
    states.addNumber(3, 2);
    expect(states.result(3)).toEqual([[1, 2]]);
  });
});

describe('first', () => {
  it('gives the first value, exactly', () => {
    fc.assert(
      fc.property(
        groupsOf(fc.oneof(fc.integer(), fc.string(), fc.constantFrom(undefined, -0, NaN))),
        fc.nat(1000),
        (groups, slot) => {
          expect(combine(first(), groups, slot).values).toEqual([groups[0]![0]]);
        },
      ),
    );
  });
});

describe('bytesUsed', () => {
  it('depends on what was put in since the last clear alone', () => {
    for (const combiner of [sum(), count(), min(), max(), top(3), collect(), first()] as AnyCombiner[]) {
      const states = combiner.createStates();
      const usedAfter = (): number => {
        for (let slot = 0; slot < 3000; slot++) {
          put(states, slot, 0.1 * slot, true, slot);
          put(states, slot, 0.7, false, slot + 1);
        }
        const used = states.bytesUsed(3000);
        states.clear();
        return used;
      };
      const used = usedAfter();
      expect(used).toBeGreaterThanOrEqual(3000 * 8);
      expect(usedAfter()).toBe(used);
    }
  });

  it('stays bounded while longer and longer texts replace each other', () => {
    const states = max().createStates();
    states.start(0, '');
    states.start(1, 'kept');
    for (let length = 1; length <= 3000; length++) states.add(0, 'x'.repeat(length));
    expect(states.bytesUsed(2)).toBeLessThan(100_000);
    expect(states.result(0)).toEqual(['x'.repeat(3000)]);
    expect(states.result(1)).toEqual(['kept']);
  });

  it('counts texts that min holds and values that collect holds', () => {
    for (const combiner of [min(), collect(), first(), top(2)] as AnyCombiner[]) {
      const states = combiner.createStates();
      for (let slot = 0; slot < 100; slot++) states.start(slot, 'x'.repeat(10_000));
      expect(states.bytesUsed(100)).toBeGreaterThanOrEqual(1_000_000);
    }
  });
});

/** Compiles only when both types are the same. */
type Same<A, B> = [A, B] extends [B, A] ? true : false;
type PairOf<J> = J extends Job<infer K, infer V> ? [K, V] : never;
type Row = { a: 1 };

describe('the types of a job', () => {
  const input = { kind: 'reader', name: 'lines', cuts: 'ranges' } as unknown as Reader<string>;
  const row: Row = { a: 1 };
  const slice = new Slice(new Uint8Array(1), 0, 1);

  it('come from the annotation of emit, through every combiner', () => {
    const sums = defineJob({ input, map: (line, emit: Emit<string, number>) => emit(line, 1), combine: sum(), reduce: sum() });
    const bigints = defineJob({
      input,
      map: (line, emit: Emit<string, bigint>) => emit(line, 1n),
      combine: sum(),
      reduce: sum(),
    });
    const best = defineJob({
      input,
      map: (line, emit: Emit<string, [number, Slice]>) => emit(line, [1, slice]),
      combine: max(),
      reduce: top(2),
    });
    const counts = defineJob({
      input,
      map: (line, emit: Emit<string, Row>) => emit(line, row),
      combine: count(),
      reduce: count(),
    });
    const lists = defineJob({
      input,
      map: (line, emit: Emit<string, Row>) => emit(line, row),
      combine: collect(),
      reduce: collect(),
    });
    const firsts = defineJob({
      input,
      map: (line, emit: Emit<string, Row>) => emit(line, row),
      combine: first(),
      reduce: first(),
    });
    const same: [
      Same<PairOf<typeof sums>, [string, number]>,
      Same<PairOf<typeof bigints>, [string, bigint]>,
      Same<PairOf<typeof best>, [string, [number, Uint8Array]]>,
      Same<PairOf<typeof counts>, [string, number]>,
      Same<PairOf<typeof lists>, [string, Row[]]>,
      Same<PairOf<typeof firsts>, [string, Row]>,
    ] = [true, true, true, true, true, true];
    expect(same).not.toContain(false);
  });

  it('refuse a combiner for other values at its own line', () => {
    defineJob({
      input,
      map: (line, emit: Emit<string, string>) => emit(line, line),
      // @ts-expect-error sum() takes no strings
      combine: sum(),
      reduce: first(),
    });
    defineJob({
      input,
      map: (line, emit: Emit<string, string>) => emit(line, line),
      combine: max(),
      // @ts-expect-error sum() takes no strings
      reduce: sum(),
    });
    defineJob({
      input,
      map: (line, emit: Emit<string, Row>) => emit(line, row),
      // @ts-expect-error max() takes no objects
      combine: max(),
      reduce: first(),
    });
  });
});
