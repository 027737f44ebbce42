import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partitionOf } from '../../lib/job/partitioner.ts';
import { ARENA_START, KEY_LENGTH_MASK } from '../../lib/map/arena.ts';
import { MapMemory } from '../../lib/map/map-memory.ts';
import { RecordSort } from '../../lib/map/record-sort.ts';

/** The order in which the sort puts keys, as indexes. */
function sortKeys(keys: readonly Uint8Array[], partitions: number): number[] {
  const memory = new MapMemory(4 * 1024 * 1024);
  const refs: number[] = [];
  let ref = ARENA_START;
  for (const [index, key] of keys.entries()) {
    memory.bytes.set(key, ref * 4 + 7);
    memory.words[ref] = index;
    memory.words[ref + 1] = (memory.words[ref + 1]! & ~KEY_LENGTH_MASK) | key.length;
    refs.push(ref);
    ref += (7 + key.length + 3) >> 2;
  }
  const sort = new RecordSort(memory, { partitions, groupBy: 0 });
  sort.begin(ref, keys.length);
  for (const [index, at] of refs.entries()) sort.put(index, at);
  sort.sort();
  return keys.map((_, index) => memory.words[sort.refAt(index)]!);
}

function expectedOrder(keys: readonly Uint8Array[], partitions: number): number[] {
  const partition = keys.map((key) => partitionOf({ partitions, groupBy: 0 }, key, 0, key.length));
  return keys
    .map((_, index) => index)
    .sort((a, b) => partition[a]! - partition[b]! || Buffer.compare(keys[a]!, keys[b]!) || a - b);
}

/** Few different bytes, so that prefixes, whole keys and zeros at the end meet often. */
const key = fc.oneof(
  fc.array(fc.constantFrom(0, 1, 255), { minLength: 1, maxLength: 30 }),
  fc.tuple(fc.constantFrom(1, 8, 9, 16, 17), fc.constantFrom(0, 7)).map(([length, byte]) => new Array<number>(length).fill(byte)),
  fc.array(fc.nat(255), { minLength: 1, maxLength: 12 }),
);

describe('RecordSort', () => {
  it('sorts by partition, key bytes and order of entry', () => {
    fc.assert(
      fc.property(fc.array(key, { maxLength: 400, size: 'max' }), fc.constantFrom(1, 2, 7), (arrays, partitions) => {
        const keys = arrays.map((bytes) => Uint8Array.from(bytes));
        expect(sortKeys(keys, partitions)).toEqual(expectedOrder(keys, partitions));
      }),
      { numRuns: 200 },
    );
  });

  it('sorts many keys with long common prefixes', () => {
    const keys = Array.from({ length: 5000 }, (_, index) =>
      Buffer.from(`https://example.org/${'path/'.repeat(index % 7)}${(index * 7919) % 1000}`),
    );
    expect(sortKeys(keys, 3)).toEqual(expectedOrder(keys, 3));
  });

  it('sorts keys that differ only behind 100,000 bytes', () => {
    const keys = Array.from({ length: 30 }, (_, index) => {
      const bytes = new Uint8Array(100_000 - (index % 3)).fill(97);
      bytes[bytes.length - 1] = 200 - (index % 4);
      return bytes;
    });
    expect(sortKeys(keys, 1)).toEqual(expectedOrder(keys, 1));
  });

  it('sorts a staircase of keys, each a prefix of the next, without a deep stack', () => {
    const keys = Array.from({ length: 2000 }, (_, index) => new Uint8Array(1 + ((index * 7) % 2000)).fill(97));
    expect(sortKeys(keys, 1)).toEqual(expectedOrder(keys, 1));
  });
});
