import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseBoundaries, partitionOf, partitionOfHash, partitionOfRange } from '../../lib/job/partitioner.ts';
import { ByteSink } from '../../lib/record/byte-sink.ts';
import { hashKey } from '../../lib/record/hash-key.ts';
import { encodeKey } from '../../lib/record/key-encoder.ts';

function encoded(key: unknown): Uint8Array {
  const sink = new ByteSink();
  encodeKey(key, sink);
  return sink.take().slice();
}

const compare = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b);
const smallKeys = () => fc.array(fc.integer({ min: 0, max: 30 }).map(encoded), { maxLength: 60 });

describe('partitionOfHash', () => {
  it('uses every partition and none beyond', () => {
    expect([0, 0x7fffffff, 0x80000000, 0xffffffff].map((hash) => partitionOfHash(hash, 4))).toEqual([0, 1, 2, 3]);
  });

  it('spreads keys that differ in one character evenly', () => {
    const counts = new Array<number>(16).fill(0);
    for (let index = 0; index < 16_000; index++) {
      const key = encoded(`user${index}`);
      counts[partitionOfHash(hashKey(key, 0, key.length), 16)]!++;
    }
    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1200);
  });
});

describe('partitionOfRange', () => {
  it('counts the boundaries at or below the key', () => {
    fc.assert(
      fc.property(smallKeys(), fc.integer({ min: 0, max: 30 }).map(encoded), (keys, key) => {
        const boundaries = keys.toSorted(compare).filter((one, at, all) => at === 0 || compare(one, all[at - 1]!) !== 0);
        const expected = boundaries.filter((boundary) => compare(boundary, key) <= 0).length;
        expect(partitionOfRange(boundaries, key, 0, key.length)).toBe(expected);
      }),
    );
  });
});

describe('chooseBoundaries', () => {
  it('answers ascending keys of the sample, fewer than partitions, in any order of the sample', () => {
    fc.assert(
      fc.property(smallKeys(), fc.integer({ min: 1, max: 12 }), (sample, partitions) => {
        const boundaries = chooseBoundaries(sample, partitions);
        expect(boundaries.length).toBeLessThan(partitions);
        for (const [at, boundary] of boundaries.entries()) {
          expect(sample.some((key) => compare(key, boundary) === 0)).toBe(true);
          if (at > 0) expect(compare(boundaries[at - 1]!, boundary)).toBeLessThan(0);
        }
        expect(chooseBoundaries(sample.toReversed(), partitions)).toEqual(boundaries);
      }),
    );
  });

  it('cuts distinct keys into even parts', () => {
    const sample = Array.from({ length: 1000 }, (_, index) => encoded(index));
    const boundaries = chooseBoundaries(sample, 8);
    const counts = new Array<number>(8).fill(0);
    for (const key of sample) counts[partitionOfRange(boundaries, key, 0, key.length)]!++;
    expect(counts).toEqual(new Array(8).fill(125));
  });

  it('gives a key that most records share a partition of its own', () => {
    const sample = [1, 2, ...new Array<number>(50).fill(3), 4, 5].map(encoded);
    const boundaries = chooseBoundaries(sample, 4);
    const partitions = [2, 3, 4].map((key) => partitionOfRange(boundaries, encoded(key), 0, encoded(key).length));
    expect(new Set(partitions).size).toBe(3);
  });

  it('keeps the records of one group together', () => {
    const keys = Array.from({ length: 200 }, (_, index) => encoded([`group${index % 5}`, index]));
    const boundaries = chooseBoundaries(keys, 4, 1);
    const rule = { partitions: 4, groupBy: 1, boundaries };
    const partitions = new Set(keys.map((key, index) => `${index % 5} in ${partitionOf(rule, key, 0, key.length)}`));
    expect(partitions.size).toBe(5);
  });
});

describe('partitionOf', () => {
  it('looks at the group prefix alone', () => {
    const rule = { partitions: 64, groupBy: 2 };
    const partitions = ['x', 'y', 'z'].map((last) => {
      const key = encoded(['a', 7, last]);
      return partitionOf(rule, key, 0, key.length);
    });
    expect(new Set(partitions).size).toBe(1);
  });

  it('refuses a key with fewer elements than groupBy', () => {
    const key = encoded(['a']);
    expect(() => partitionOf({ partitions: 4, groupBy: 2 }, key, 0, key.length)).toThrow('groupBy');
  });
});
