import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CorruptSegmentError, InvariantError } from '../../lib/errors.ts';
import { MemoryObjectStore } from '../../lib/memory/memory-object-store.ts';
import { digestOf } from '../../lib/shuffle/digest.ts';
import { addToTotals, emptyTotals, rowsOf, sliceRows } from '../../lib/shuffle/index-rows.ts';
import { emptyIndex, type SegmentIndex } from '../../lib/shuffle/segment.ts';
import { buildIndexChunk, decodeIndexRows, type IndexedSegment, readIndexRows } from '../../lib/shuffle/shuffle-index.ts';
import { CountingStore } from './counting-store.ts';

type Run = { storedBytes: number; records: number; rawBytes: number; crc: number };

function indexOf(runs: readonly (Run | null)[]): SegmentIndex {
  const index = emptyIndex(0, runs.length);
  runs.forEach((run, partition) => {
    index.byteStart[partition + 1] = index.byteStart[partition]! + (run?.storedBytes ?? 0);
    index.records[partition] = run?.records ?? 0;
    index.rawBytes[partition] = run?.rawBytes ?? 0;
    index.crc[partition] = run?.crc ?? 0;
  });
  return index;
}

const segmentOf = (mapIndex: number, runs: readonly (Run | null)[]): IndexedSegment => ({
  mapIndex,
  segmentKey: `jobs/j/0/map/${String(mapIndex).padStart(6, '0')}/ünï-${mapIndex * 7919}.seg`,
  index: indexOf(runs),
});

const run = fc.record({
  storedBytes: fc.integer({ min: 1, max: 2 ** 40 }),
  records: fc.integer({ min: 1, max: 2 ** 40 }),
  rawBytes: fc.integer({ min: 1, max: 2 ** 40 }),
  crc: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
});

/** Some segments of some partitions, with gaps between the map indexes. */
const segments = fc.integer({ min: 1, max: 5 }).chain((partitions) =>
  fc
    .array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.array(fc.option(run), { minLength: partitions, maxLength: partitions })), {
      minLength: 1,
      maxLength: 8,
    })
    .map((rows) => {
      let mapIndex = -1;
      return rows.map(([gap, runs]) => {
        mapIndex += gap;
        return segmentOf(mapIndex, runs);
      });
    }),
);

/** Two segments of three partitions. */
const few = [
  segmentOf(0, [
    { storedBytes: 10, records: 1, rawBytes: 12, crc: 5 },
    null,
    { storedBytes: 4, records: 2, rawBytes: 4, crc: 6 },
  ]),
  segmentOf(1, [null, null, { storedBytes: 9, records: 3, rawBytes: 30, crc: 7 }]),
];

describe('the shuffle index', () => {
  it('gives back the rows of any partitions, over any number of chunks', async () => {
    await fc.assert(
      fc.asyncProperty(segments, fc.nat(), fc.nat(), fc.nat(), async (all, from, to, cut) => {
        const partitions = all[0]!.index.partitions;
        const partitionStart = from % partitions;
        const partitionEnd = partitionStart + 1 + (to % (partitions - partitionStart));
        const store = new MemoryObjectStore();
        const parts = [all.slice(0, cut % all.length), all.slice(cut % all.length)].filter((part) => part.length > 0);
        const chunks = await Promise.all(parts.map((part, at) => store.put(`${at}.idx`, buildIndexChunk(part))));
        const rows = await readIndexRows(store, chunks, partitionStart, partitionEnd);
        const expected = rowsOf(all, partitionStart, partitionEnd);
        expect(rows).toEqual(expected);
        expect(sliceRows(rowsOf(all, 0, partitions), partitionStart, partitionEnd)).toEqual(expected);
        expect(digestOf(rows)).toBe(digestOf(expected));
      }),
      { numRuns: 200 },
    );
  });

  it('reads a small chunk with one request when its size is known, else with two', async () => {
    const store = new CountingStore(new MemoryObjectStore());
    const chunk = await store.put('a.idx', buildIndexChunk(few));
    await readIndexRows(store, [chunk], 0, 3);
    expect(store.counts).toEqual({ put: 1, read: 1 });
    await readIndexRows(store, [{ key: 'a.idx' }], 2, 3);
    expect(store.counts).toEqual({ put: 1, read: 2, readRange: 1 });
  });

  it('reads of a large chunk only its header and the rows asked for', async () => {
    const runs = Array.from({ length: 500 }, (_, at) => ({ storedBytes: 1e6 + at, records: 1e6, rawBytes: 1e7, crc: at * 7919 }));
    const many = Array.from({ length: 200 }, (_, mapIndex) => segmentOf(mapIndex, runs));
    const store = new CountingStore(new MemoryObjectStore());
    const chunk = await store.put('a.idx', buildIndexChunk(many));
    expect(chunk.bytes).toBeGreaterThan(1024 * 1024);
    expect(await readIndexRows(store, [chunk], 17, 19)).toMatchObject({ records: rowsOf(many, 17, 19).records });
    expect(store.counts).toEqual({ put: 1, readRange: 2 });
    expect(await readIndexRows(store, [{ key: 'a.idx' }], 17, 19)).toMatchObject({ crc: rowsOf(many, 17, 19).crc });
    expect(store.counts).toEqual({ put: 1, readRange: 5 });
  });

  it('refuses every damaged or cut chunk', () => {
    const bytes = buildIndexChunk(few);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Uint8Array.from(bytes);
      damaged[at]! ^= 4;
      expect(() => decodeIndexRows(damaged, 'a.idx', 0, 3)).toThrow(CorruptSegmentError);
      expect(() => decodeIndexRows(bytes.subarray(0, at), 'a.idx', 0, 3)).toThrow(CorruptSegmentError);
    }
  });

  it('refuses segments out of map order, and segments with other partitions', () => {
    expect(() => buildIndexChunk([few[1]!, few[0]!])).toThrow(InvariantError);
    expect(() => buildIndexChunk([few[0]!, segmentOf(1, [null])])).toThrow(InvariantError);
    expect(() => decodeIndexRows(buildIndexChunk(few), 'a.idx', 2, 4)).toThrow(InvariantError);
  });

  it('sums records and raw bytes by partition', () => {
    const totals = emptyTotals(3);
    for (const { index } of few) addToTotals(totals, index);
    expect(totals).toEqual({ records: Float64Array.of(1, 0, 5), rawBytes: Float64Array.of(12, 0, 34) });
  });
});

describe('digestOf', () => {
  const rows = () => rowsOf(few, 0, 3);

  it('is the same wherever the runs lie and however well they compress', () => {
    const moved = rows();
    moved.byteStart.fill(1000);
    moved.byteEnd.fill(2000);
    expect(digestOf({ ...moved, segments: moved.segments.map(({ mapIndex }) => ({ mapIndex, segmentKey: 'elsewhere' })) })).toBe(
      digestOf(rows()),
    );
  });

  it('changes with every record count, raw length, CRC, map index and partition, also of empty runs', () => {
    const digests = new Set([digestOf(rows())]);
    for (let at = 0; at < 6; at++) {
      for (const column of ['records', 'rawBytes', 'crc'] as const) {
        const changed = rows();
        changed[column][at]!++;
        digests.add(digestOf(changed));
      }
    }
    digests.add(digestOf({ ...rows(), segments: [few[0]!, { ...few[1]!, mapIndex: 2 }] }));
    digests.add(digestOf({ ...rows(), partitionStart: 1, partitionEnd: 4 }));
    digests.add(digestOf(rowsOf(few.slice(0, 1), 0, 3)));
    expect(digests.size).toBe(1 + 18 + 3);
  });

  it('is a SHA-256 over 36 bytes a run, partition after partition', () => {
    const cells = [0, 1, 2].flatMap((partition) =>
      few.map(({ mapIndex, index }) => {
        const cell = Buffer.alloc(36);
        [mapIndex, partition, index.records[partition]!, index.rawBytes[partition]!].forEach((value, at) => {
          cell.writeBigUInt64LE(BigInt(value), at * 8);
        });
        cell.writeUInt32LE(index.crc[partition]!, 32);
        return cell;
      }),
    );
    expect(digestOf(rows())).toBe(createHash('sha256').update(Buffer.concat(cells)).digest('hex'));
  });
});
