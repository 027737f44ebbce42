import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseBoundaries, partitionOf, range } from '../../lib/job/partitioner.ts';
import { ByteSink } from '../../lib/record/byte-sink.ts';
import { encodeKey } from '../../lib/record/key-encoder.ts';
import { decodeValue } from '../../lib/record/value-decoder.ts';
import { encodeValue } from '../../lib/record/value-encoder.ts';
import { collect, finished, openCollector, type Pair, type Stored, sliceOf } from './collected.ts';

function encodedKey(key: unknown): Uint8Array {
  const sink = new ByteSink();
  encodeKey(key, sink);
  return sink.take();
}

function encodedValue(value: unknown): Uint8Array {
  const sink = new ByteSink();
  encodeValue(value, sink);
  return sink.take();
}

/** Partition, key and value of each record as text. */
function texts(stored: readonly Stored[]): string[] {
  return stored.map(
    ({ partition, keyBytes, valueBytes }) =>
      `${partition} ${Buffer.from(keyBytes).toString('hex')} ${Buffer.from(valueBytes).toString('hex')}`,
  );
}

/** The slow obvious way: encode everything, sort stably. */
function sortedTexts(pairs: readonly Pair[], rule: Parameters<typeof partitionOf>[0]): string[] {
  const records = pairs.map(([key, value]) => {
    const keyBytes = encodedKey(key);
    return { partition: partitionOf(rule, keyBytes, 0, keyBytes.length), key, keyBytes, valueBytes: encodedValue(value) };
  });
  return texts(records.sort((a, b) => a.partition - b.partition || Buffer.compare(a.keyBytes, b.keyBytes)));
}

const text = fc.oneof(
  fc.constantFrom('', 'a', 'ab', 'prefix of eight', 'prefix of eighty', 'ü', 'x'.repeat(60)),
  fc.string({ maxLength: 12 }),
);
const key = fc.oneof(text, text.map(sliceOf), fc.integer(), fc.constantFrom(null, 1n, true, ['a', 1], ['a', 'b', sliceOf('c')]));
const value = fc.oneof(
  text,
  text.map(sliceOf),
  fc.integer(),
  fc.double(),
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom('v'.repeat(3000), new Uint8Array(2000), new Map([[1, 2n]])),
);
const pairs = fc.array(fc.tuple(key, value), { maxLength: 300, size: 'max' });

describe('a collector without a combiner', () => {
  it('takes encoded pairs like others, and spills at the same points', async () => {
    const long = fc.constantFrom('k'.repeat(3_000), 'k'.repeat(20_000));
    const pairsOf = fc.array(fc.tuple(fc.oneof({ weight: 9, arbitrary: key }, { weight: 1, arbitrary: long }), value), {
      maxLength: 200,
    });
    await fc.assert(
      fc.asyncProperty(pairsOf, async (pairs) => {
        const { stored, collector } = await collect(pairs, { partitions: 3 });
        const other = openCollector({ partitions: 3 });
        for (const [key, value] of pairs) {
          const keyBytes = encodedKey(key);
          const bytes = Buffer.concat([Buffer.from('abc'), keyBytes, encodedValue(value)]);
          other.emitEncoded!(bytes, 3, 3 + keyBytes.length, bytes.length);
        }
        expect(texts(await finished(other, 3))).toEqual(texts(stored));
        expect([other.emitted, other.spills]).toEqual([collector.emitted, collector.spills]);
      }),
      { numRuns: 100 },
    );
  });

  it('leaves every pair, by partition and key, equal keys in emit order, whatever was spilled', async () => {
    let spills = 0;
    await fc.assert(
      fc.asyncProperty(pairs, fc.constantFrom(1, 5), async (emitted, partitions) => {
        const { stored, collector } = await collect(emitted, { partitions });
        expect(texts(stored)).toEqual(sortedTexts(emitted, { partitions, groupBy: 0 }));
        expect(collector.emitted).toBe(emitted.length);
        expect(collector.combined).toBe(0);
        spills += collector.spills;
      }),
      { numRuns: 60 },
    );
    expect(spills).toBeGreaterThan(100);
  });

  it('keeps the emit order of one key over many spills', async () => {
    const emitted = Array.from({ length: 30_000 }, (_, index): Pair => ['hot', index]);
    const { stored, collector } = await collect(emitted);
    expect(collector.spills).toBeGreaterThan(50);
    expect(stored.map(({ valueBytes }) => decodeValue(valueBytes, 0, valueBytes.length))).toEqual(
      emitted.map(([, index]) => index),
    );
  });

  it('puts keys between the boundaries of a range, so that partitions follow one another in key order', async () => {
    const emitted = Array.from({ length: 2000 }, (_, index): Pair => [(index * 7919) % 1000, index]);
    const sample = emitted.slice(0, 100).map(([one]) => encodedKey(one).slice());
    const boundaries = chooseBoundaries(sample, 6);
    const { stored } = await collect(emitted, { partitions: 6, partition: range(), boundaries });
    expect(texts(stored)).toEqual(sortedTexts(emitted, { partitions: 6, groupBy: 0, boundaries }));
    expect(stored.map((record) => record.key)).toEqual(emitted.map(([one]) => one as number).sort((a, b) => a - b));
    expect(new Set(stored.map(({ partition }) => partition)).size).toBe(6);
  });

  it('puts all records of a group into one partition, sorted by the rest of the key', async () => {
    const emitted = Array.from({ length: 3000 }, (_, index): Pair => [[`g${index % 30}`, (index * 7919) % 101], index]);
    const { stored } = await collect(emitted, { partitions: 8, groupBy: 1 });
    expect(texts(stored)).toEqual(sortedTexts(emitted, { partitions: 8, groupBy: 1 }));
    expect(new Set(stored.map(({ key: one, partition }) => `${(one as string[])[0]} in ${partition}`)).size).toBe(30);
  });

  it.each([
    { name: 'a value', record: ['a', 'v'.repeat(3_000_000)] as Pair },
    { name: 'a key', record: ['k'.repeat(3_000_000), 'v'] as Pair },
    { name: 'both', record: [new Uint8Array(2_000_000), new Uint8Array(2_000_000)] as Pair },
  ])('takes $name far longer than its memory, in its place', async ({ record }) => {
    const emitted: Pair[] = [['a', 1], ['b', 2], record, ['a', 3], record, ['a', 4]];
    const { stored } = await collect(emitted, { partitions: 3 });
    expect(texts(stored)).toEqual(sortedTexts(emitted, { partitions: 3, groupBy: 0 }));
  });

  it('goes on after a pair that it refused', async () => {
    const collector = openCollector({ partitions: 1 });
    collector.emit('a', 1);
    expect(() => collector.emit('b', () => 1)).toThrow('function');
    expect(() => collector.emit('b', '\ud800')).toThrow('surrogate');
    expect(() => collector.emit(undefined, 1)).toThrow('undefined');
    collector.emit('c', 2);
    expect((await finished(collector, 1)).map((record) => record.key)).toEqual(['a', 'c']);
    expect(collector.emitted).toBe(2);
  });

  it('refuses pairs that come after the end', async () => {
    const collector = openCollector({ partitions: 1 });
    await finished(collector, 1);
    expect(() => collector.emit('late', 1)).toThrow('was over');
  });
});
