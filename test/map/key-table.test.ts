import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashPacked, KeyTable } from '../../lib/map/key-table.ts';
import { MapMemory } from '../../lib/map/map-memory.ts';

/** A packed key of three words. */
function packedKey(index: number): Int32Array {
  return Int32Array.of(9 | (8 << 24), index, index * 31, 0);
}

/** Inserts what is not there and checks that every key has the slot it was given. */
function fill(table: KeyTable, keys: readonly { readonly packed: Int32Array; readonly hash: number }[]): void {
  const slots = new Map<number, number>();
  for (const [index, { packed, hash }] of keys.entries()) {
    expect(table.find(hash, packed, 0)).toBe(-1);
    slots.set(index, table.insert(hash, packed, 0));
  }
  for (const [index, { packed, hash }] of keys.entries()) expect(table.find(hash, packed, 0)).toBe(slots.get(index));
}

describe('KeyTable', () => {
  it('finds every key after it has grown, wherever hashes crowd together', () => {
    const hash = fc.oneof(
      fc.nat(0xffff_ffff),
      fc.nat(40),
      fc.nat(40).map((low) => 0xffff_ffff - low),
      fc.constant(0x8000_0000),
    );
    fc.assert(
      fc.property(fc.array(hash, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 700 }), (hashes, keys) => {
        const table = new KeyTable(new MapMemory(1024 * 1024));
        fill(
          table,
          Array.from({ length: keys }, (_, index) => ({ packed: packedKey(index), hash: hashes[index % hashes.length]! | 0 })),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('finds keys that run over the end of the table to its start after it has grown', () => {
    const keys = Array.from({ length: 3000 }, (_, index) => {
      const packed = packedKey(index);
      return { packed, hash: index % 10 === 0 ? -1 : hashPacked(packed, 0) };
    });
    fill(new KeyTable(new MapMemory(4 * 1024 * 1024)), keys);
  });

  it('finds thousands of keys that run over the end of the table', () => {
    const crowded = [];
    for (let index = 0; crowded.length < 3000; index++) {
      const packed = packedKey(index);
      const hash = hashPacked(packed, 0);
      if (hash >>> 24 === 0xff) crowded.push({ packed, hash });
    }
    fill(new KeyTable(new MapMemory(4 * 1024 * 1024)), crowded);
  });

  it('keeps keys of equal hash and length apart', () => {
    const table = new KeyTable(new MapMemory(64 * 1024));
    fill(
      table,
      Array.from({ length: 100 }, (_, index) => ({ packed: packedKey(index), hash: 7 })),
    );
  });

  it('finds many keys at once as it finds each', () => {
    const table = new KeyTable(new MapMemory(1024 * 1024));
    const keys = Array.from({ length: 400 }, (_, index) => packedKey(index));
    for (const key of keys.slice(0, 300)) table.insert(hashPacked(key, 0) & ~3, key, 0);
    const packed = new Int32Array(keys.length * 4);
    for (const [index, key] of keys.entries()) packed.set(key, index * 4);
    const hashes = Int32Array.from(keys, (key) => hashPacked(key, 0) & ~3);
    const slots = new Int32Array(keys.length);
    table.findMany(
      keys.length,
      hashes,
      packed,
      Int32Array.from(keys.keys(), (index) => index * 4),
      slots,
    );
    expect([...slots]).toEqual(keys.map((_, index) => (index < 300 ? index : -1)));
  });

  it('has no room for more slots than 24 bits can say', () => {
    const table = new KeyTable(new MapMemory(64 * 1024));
    table.slots = 0xff_ffff;
    expect(table.wordsWith(5)).toBe(Infinity);
  });
});
