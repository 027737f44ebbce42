import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryObjectStore } from '../../lib/memory/memory-object-store.ts';
import { fetchRuns } from '../../lib/shuffle/fetch-ranges.ts';
import { rowsOf } from '../../lib/shuffle/index-rows.ts';
import { LostSegmentError } from '../../lib/shuffle/lost-segment.ts';
import { mergeRuns } from '../../lib/shuffle/merge.ts';
import { indexRow } from '../../lib/shuffle/segment.ts';
import type { IndexedSegment } from '../../lib/shuffle/shuffle-index.ts';
import { CountingStore } from './counting-store.ts';
import { type PlainRecord, PlainScratch, plainRecords, readAll, sortStably, writeSegment } from './segments.ts';

const PARTITIONS = 4;

async function putSegments(maps: readonly (readonly PlainRecord[])[], compress: 'zstd' | 'none' = 'none') {
  const store = new CountingStore(new MemoryObjectStore());
  const segments: IndexedSegment[] = [];
  for (const [mapIndex, records] of maps.entries()) {
    const { file, index } = writeSegment(sortStably(records), { partitions: PARTITIONS, compress });
    const segmentKey = `map/${mapIndex}/a.seg`;
    await store.put(segmentKey, file);
    segments.push({ mapIndex, segmentKey, index });
  }
  store.counts.put = 0;
  return { store, segments };
}

/** A segment with some 100 kB in each partition. */
const fullMap = (mapIndex: number): PlainRecord[] =>
  Array.from({ length: PARTITIONS }, (_, partition) => ({
    partition,
    key: 'k',
    value: `${mapIndex}.${partition}.`.repeat(25_000),
  }));

const plain = (value: string): PlainRecord => ({ partition: 1, key: 'k', value });

const options = () => ({ memoryBytes: 64e6, concurrency: 4, scratch: new PlainScratch() });
const wide = { numRuns: 100 };

describe('fetchRuns', () => {
  it('gives each partition its runs in map order, from memory and from scratch alike', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(plainRecords(PARTITIONS, { maxLength: 12 }), { maxLength: 6 }),
        fc.constantFrom(0, 40, 1e6),
        fc.integer({ min: 1, max: 3 }),
        async (maps, memoryBytes, concurrency) => {
          const { store, segments } = await putSegments(maps);
          const scratch = new PlainScratch();
          const fetched = await fetchRuns(store, rowsOf(segments, 1, 4), { memoryBytes, concurrency, scratch });
          for (let partition = 1; partition < 4; partition++) {
            const merged = readAll(mergeRuns(fetched.runs(partition).slice()));
            expect(merged).toEqual(sortStably(maps.flat().filter((record) => record.partition === partition)));
          }
          expect(fetched.requests).toBe(store.counts.readRange ?? 0);
          fetched.close();
          expect(scratch.openFiles).toBe(0);
        },
      ),
      wide,
    );
  });

  it('makes one request a segment for neighbouring partitions, none for a segment that has nothing in them', async () => {
    const { store, segments } = await putSegments([fullMap(0), fullMap(1), fullMap(2).slice(0, 1), fullMap(3)]);
    const fetched = await fetchRuns(store, rowsOf(segments, 1, 3), options());
    expect(store.counts).toEqual({ put: 0, readRange: 3 });
    expect([fetched.requests, fetched.scratchBytes, fetched.runs(1).length]).toEqual([3, 0, 3]);
    expect(fetched.bytes).toBe(
      [0, 1, 3].reduce(
        (sum, at) => sum + indexRow(segments[at]!.index, 2).byteEnd - indexRow(segments[at]!.index, 1).byteStart,
        0,
      ),
    );
  });

  it('keeps in memory what fits and takes the rest through scratch, in bounded pieces', async () => {
    const { store, segments } = await putSegments(Array.from({ length: 6 }, (_, map) => fullMap(map)));
    const scratch = new PlainScratch();
    const fetched = await fetchRuns(store, rowsOf(segments, 0, 4), { memoryBytes: 1.2e6, concurrency: 2, scratch });
    expect(fetched.bytes - fetched.scratchBytes).toBeLessThanOrEqual(1.2e6);
    expect(fetched.scratchBytes).toBeLessThan(fetched.bytes);
    expect(scratch.files.length).toBeLessThanOrEqual(2);
    expect(fetched.requests).toBe(1 + 5 * 2);
    expect(store.inFlightMax).toBe(2);
    expect(readAll(mergeRuns(fetched.runs(3).slice())).map((record) => record.value.slice(0, 4))).toEqual([
      '0.3.',
      '1.3.',
      '2.3.',
      '3.3.',
      '4.3.',
      '5.3.',
    ]);
  });

  it('reads many small ranges into few arrays', async () => {
    const { store, segments } = await putSegments(Array.from({ length: 500 }, (_, map) => [plain(`${map}`)]));
    const arrays = new Set<ArrayBufferLike | undefined>();
    const readRange = store.readRange.bind(store);
    store.readRange = (key, version, byteStart, byteEnd, target) => {
      arrays.add(target?.buffer);
      return readRange(key, version, byteStart, byteEnd, target);
    };
    const fetched = await fetchRuns(store, rowsOf(segments, 0, 4), options());
    expect([arrays.size, arrays.has(undefined)]).toEqual([1, false]);
    expect([...arrays][0]!.byteLength).toBe(fetched.bytes);
    expect(readAll(mergeRuns(fetched.runs(1).slice())).map(({ value }) => value)).toEqual(segments.map((_, map) => `${map}`));
  });

  it('charges small runs for what they take besides their bytes', async () => {
    const { store, segments } = await putSegments(Array.from({ length: 500 }, (_, map) => [plain(`${map}`)]));
    const fetched = await fetchRuns(store, rowsOf(segments, 0, 4), options());
    expect(fetched.fanIn(1, 500 * 3_000)).toBeLessThan(500);
    expect(fetched.fanIn(1, 500 * 3_100)).toBe(500);
    // No more than three quarters come off for what is there anyway.
    expect(fetched.fanIn(1, 100 * 3_100)).toBeGreaterThan(35);
  });

  it('says how many runs of a partition may be open at a time', async () => {
    const { store, segments } = await putSegments(Array.from({ length: 6 }, (_, map) => fullMap(map)));
    const rows = rowsOf(segments, 0, 4);
    const inMemory = await fetchRuns(store, rows, options());
    expect([1e6, 350_000, 0].map((memoryBytes) => inMemory.fanIn(2, memoryBytes))).toEqual([6, 3, 2]);
    const inScratch = await fetchRuns(store, rows, { ...options(), memoryBytes: 0 });
    expect([2e6, 650_000].map((memoryBytes) => inScratch.fanIn(2, memoryBytes))).toEqual([6, 3]);
  });

  it('names every segment that is gone or cut short, in one go, and leaves no scratch file', async () => {
    const { store, segments } = await putSegments(Array.from({ length: 5 }, (_, map) => fullMap(map)));
    await store.delete(['map/3/a.seg']);
    await store.put('map/1/a.seg', (await store.read('map/1/a.seg')).subarray(0, 1000));
    for (const memoryBytes of [64e6, 0]) {
      const scratch = new PlainScratch();
      const error = await fetchRuns(store, rowsOf(segments, 0, 4), { memoryBytes, concurrency: 2, scratch }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(LostSegmentError);
      expect((error as LostSegmentError).lost).toEqual(
        [1, 3].map((mapIndex) => ({ mapIndex, segmentKey: `map/${mapIndex}/a.seg` })),
      );
      expect(error).toMatchObject({ values: { mapIndex: 1, segmentKey: 'map/1/a.seg', count: 2 } });
      expect(scratch.openFiles).toBe(0);
    }
  });

  it.each([64e6, 0])('names the map task of a damaged run when it is read (memory %i)', async (memoryBytes) => {
    const { store, segments } = await putSegments([fullMap(0), fullMap(1), fullMap(2)], 'zstd');
    const damaged = await store.read('map/1/a.seg');
    damaged[indexRow(segments[1]!.index, 2).byteStart + 30]! ^= 1;
    await store.put('map/1/a.seg', damaged);
    const fetched = await fetchRuns(store, rowsOf(segments, 0, 4), { ...options(), memoryBytes });
    expect(readAll(mergeRuns(fetched.runs(1).slice())).length).toBe(3);
    const error = expect.objectContaining({ name: 'LostSegmentError', lost: [{ mapIndex: 1, segmentKey: 'map/1/a.seg' }] });
    expect(() => readAll(mergeRuns(fetched.runs(2).slice()))).toThrow(error);
  });

  it('stops at an abort or at any other error, with every request ended and no scratch file left', async () => {
    for (const memoryBytes of [64e6, 0]) {
      const { store, segments } = await putSegments(Array.from({ length: 9 }, (_, map) => fullMap(map)));
      const abort = new AbortController();
      const scratch = new PlainScratch();
      const fetching = fetchRuns(store, rowsOf(segments, 0, 4), { memoryBytes, concurrency: 3, scratch, signal: abort.signal });
      abort.abort(new Error('out of time'));
      await expect(fetching).rejects.toThrow('out of time');
      expect([store.counts.readRange, scratch.openFiles]).toEqual([3, 0]);
    }

    const { store, segments } = await putSegments([fullMap(0)]);
    const full = Object.assign(new PlainScratch(), {
      create: () => {
        throw new Error('no space left');
      },
    });
    await expect(fetchRuns(store, rowsOf(segments, 0, 4), { memoryBytes: 0, concurrency: 3, scratch: full })).rejects.toThrow(
      'no space left',
    );
  });
});
