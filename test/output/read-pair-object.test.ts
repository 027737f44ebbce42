import { describe, expect, it } from 'vitest';
import { CorruptSegmentError } from '../../lib/errors.ts';
import { MemoryObjectStore } from '../../lib/memory/memory-object-store.ts';
import { PairsOutput } from '../../lib/output/pairs-output.ts';
import { readPairObject } from '../../lib/output/read-pair-object.ts';
import type { PairsRange } from '../../lib/split/split.ts';

const READ_BYTES = 300_000;

async function writePairs(store: MemoryObjectStore, pairs: Iterable<readonly [unknown, unknown]>): Promise<PairsRange> {
  const output = new PairsOutput(store, 'some.pairs');
  for (const [key, value] of pairs) output.emit(key, value);
  return (await output.finish()).pairs[0]!;
}

/** Hard to compress, of any length. */
function noise(seed: number, length: number): Uint8Array {
  let state = seed + 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >>> 24;
  });
}

describe('readPairObject', () => {
  it('gives the pairs in the order they were emitted, by reads of bounded length', async () => {
    const store = new MemoryObjectStore();
    const pairs = Array.from({ length: 400 }, (_, index) => [400 - index, noise(index, index === 200 ? 700_000 : 5000)] as const);
    const object = await writePairs(store, pairs);
    const lengths: number[] = [];
    const watched = new Proxy(store, {
      get(target, name) {
        if (name !== 'readRange') return Reflect.get(target, name).bind(target);
        return (key: string, version: undefined, byteStart: number, byteEnd: number) => {
          lengths.push(byteEnd - byteStart);
          return target.readRange(key, version, byteStart, byteEnd);
        };
      },
    });
    const found: unknown[] = [];
    for await (const batch of readPairObject(watched, object, READ_BYTES)) found.push(...batch);
    expect(found).toEqual(pairs);
    expect(lengths.length).toBeGreaterThan(6);
    expect(Math.max(...lengths)).toBeLessThan(800_000);
  });

  it('gives nothing of an object without pairs', async () => {
    const store = new MemoryObjectStore();
    const object = await writePairs(store, []);
    for await (const batch of readPairObject(store, object)) expect([...batch]).toEqual([]);
  });

  it('refuses an object of which any byte of a block has changed', async () => {
    const store = new MemoryObjectStore();
    const object = await writePairs(
      store,
      Array.from({ length: 100 }, (_, index) => [index, noise(index, 5000)] as const),
    );
    const bytes = (await store.read(object.key)).slice();
    for (let at = 8; at < object.footerStart; at += at < 40 ? 1 : 7919) {
      const damaged = bytes.slice();
      damaged[at]! ^= 0x41;
      await store.put(object.key, damaged);
      const readAll = async () => {
        for await (const batch of readPairObject(store, object, 10_000)) for (const _ of batch);
      };
      await expect(readAll(), `byte ${at}`).rejects.toThrow(CorruptSegmentError);
    }
  });

  it('names the size of the pairs before they are compressed', async () => {
    const store = new MemoryObjectStore();
    const object = await writePairs(store, [['key', 'x'.repeat(100_000)]]);
    expect(object.bytes).toBeLessThan(10_000);
    expect(object.rawBytes).toBeGreaterThan(100_000);
  });
});
