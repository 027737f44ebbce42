import { type CorruptSegmentError, InputChangedError, ObjectMissingError } from '../errors.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { Scratch, ScratchFile } from '../ports/scratch.ts';
import { BLOCK_BYTES_MAX } from './block.ts';
import { type ByteSource, MemorySource, SCRATCH_WINDOW_BYTES, ScratchSource } from './byte-source.ts';
import type { IndexRows } from './index-rows.ts';
import { LostSegmentError, type SegmentRef } from './lost-segment.ts';
import type { Runs } from './merge-passes.ts';
import type { RunCursor } from './run-cursor.ts';
import { openRun } from './segment-reader.ts';

export type FetchOptions = {
  /** What fetched bytes may take in memory together; the rest goes to scratch files. */
  readonly memoryBytes: number;
  /** Requests in flight. */
  readonly concurrency: number;
  readonly scratch: Scratch;
  readonly signal?: AbortSignal;
};

/** A request reads at most this much on its way to scratch, at least `PIECE_BYTES_MIN`. */
const PIECE_BYTES_MAX = 8 * 1024 * 1024;
const PIECE_BYTES_MIN = 256 * 1024;

/** What an open run takes besides its bytes, as measured with 100,000 small compressed ones: the cursor, its views, and what zlib leaves. */
const CURSOR_BYTES = 2048;

/** What a fetched range takes besides its bytes for as long as it is on hand, open or not: its row of the index, its segment's key. */
const RANGE_BYTES = 1024;

/** Ranges up to this size share an array of bytes: one of its own costs about 1,000 bytes more, and there may be 100,000 of them. */
const SHARED_BYTES_MAX = 16 * 1024;
const SHARED_ARRAY_BYTES = 256 * 1024;

/** Neighbouring runs of one segment, fetched together. */
type Range = {
  readonly segment: SegmentRef;
  readonly byteStart: number;
  byteEnd: number;
  inMemory: boolean;
  /** Once fetched, one of the two, and where the range starts in it. */
  bytes: Uint8Array | undefined;
  file: ScratchFile | undefined;
  heldStart: number;
};

/**
 * Fetches every run of the rows, whole, before it answers: from then on the merge runs without awaiting. Runs that lie side by side in
 * a segment come with one request. All segments are tried even when one is lost, so that all losses are known at once.
 * @throws LostSegmentError naming every segment that is gone or cut short; ScratchFullError
 */
export async function fetchRuns(store: ObjectStore, rows: IndexRows, options: FetchOptions): Promise<FetchedRuns> {
  const { ranges, rangeOf } = planRanges(rows);
  const pieceBytes = placeRanges(ranges, options);
  const shared = new SharedArrays(ranges);
  const fetched = new FetchedRuns(rows, ranges, rangeOf);
  const lost: SegmentRef[] = [];
  let firstLoss: unknown;
  let failure: { readonly error: unknown } | undefined;
  let next = 0;
  const fetchLane = async () => {
    const lane = new ScratchLane(options.scratch, pieceBytes);
    for (;;) {
      const range = ranges[next++];
      if (range === undefined || failure !== undefined) return;
      try {
        await fetchRange(store, range, lane, shared, fetched, options.signal);
      } catch (error) {
        if (!(error instanceof ObjectMissingError || error instanceof InputChangedError)) {
          failure ??= { error };
          return;
        }
        lost.push(range.segment);
        firstLoss ??= error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.concurrency, ranges.length) }, fetchLane));
  if (failure !== undefined || lost.length > 0) fetched.close();
  if (failure !== undefined) throw failure.error;
  if (lost.length > 0) throw new LostSegmentError(distinct(lost), { cause: firstLoss });
  return fetched;
}

/** The runs of a reduce task's partitions, on hand until `close`. */
export class FetchedRuns {
  /** GETs made. */
  requests = 0;
  /** Bytes fetched, as stored. */
  bytes = 0;
  /** Those of them that went to scratch files. */
  scratchBytes = 0;
  private readonly rows: IndexRows;
  private readonly ranges: readonly Range[];
  private readonly rangeOf: Int32Array;

  constructor(rows: IndexRows, ranges: readonly Range[], rangeOf: Int32Array) {
    this.rows = rows;
    this.ranges = ranges;
    this.rangeOf = rangeOf;
  }

  /**
   * The partition's runs that are not empty, in map order: what `mergeWithin` wants. `slice` opens fresh cursors, so that of very many
   * runs few are open at a time. A damaged run throws LostSegmentError out of `next`.
   */
  runs(partition: number): Runs {
    const { rows, rangeOf } = this;
    const width = rows.segments.length;
    const first = (partition - rows.partitionStart) * width;
    let length = 0;
    for (let at = first; at < first + width; at++) if (rangeOf[at]! >= 0) length++;
    const cells = new Int32Array(length);
    let next = 0;
    for (let at = first; at < first + width; at++) if (rangeOf[at]! >= 0) cells[next++] = at;
    const slice = (start?: number, end?: number) => Array.from(cells.subarray(start, end), (at) => this.open(partition, at));
    return { length, slice };
  }

  private open(partition: number, at: number): RunCursor {
    const { rows, ranges, rangeOf } = this;
    const range = ranges[rangeOf[at]!]!;
    const row = {
      partition,
      byteStart: rows.byteStart[at]!,
      byteEnd: rows.byteEnd[at]!,
      records: rows.records[at]!,
      rawBytes: rows.rawBytes[at]!,
      crc: rows.crc[at]!,
    };
    const wrap = (error: CorruptSegmentError) => new LostSegmentError([range.segment], { cause: error });
    return openRun(sourceOf(range, row.byteStart, row.byteEnd), row, { segmentKey: range.segment.segmentKey, wrap });
  }

  /**
   * How many of the partition's runs may be open at a time in `memoryBytes`, at least 2: for `mergeWithin`. Small runs take less than
   * a block, so that many of them are merged at once. What very many ranges take by being there comes off, up to three quarters of it.
   */
  fanIn(partition: number, memoryBytes: number): number {
    const { rows, ranges, rangeOf } = this;
    const width = rows.segments.length;
    const first = (partition - rows.partitionStart) * width;
    const freeBytes = memoryBytes - Math.min((memoryBytes * 3) / 4, ranges.length * RANGE_BYTES);
    let openBytes = 0;
    let openBytesMax = 1;
    for (let at = first; at < first + width; at++) {
      if (rangeOf[at]! < 0) continue;
      const blockBytes = Math.min(BLOCK_BYTES_MAX, rows.rawBytes[at]!);
      const windowBytes = ranges[rangeOf[at]!]!.inMemory
        ? 0
        : Math.min(SCRATCH_WINDOW_BYTES, rows.byteEnd[at]! - rows.byteStart[at]!);
      openBytes += blockBytes + windowBytes + CURSOR_BYTES;
      openBytesMax = Math.max(openBytesMax, blockBytes + windowBytes + CURSOR_BYTES);
    }
    return Math.max(2, openBytes <= freeBytes ? width : Math.floor(freeBytes / openBytesMax));
  }

  /** Deletes the scratch files and forgets the bytes. The cursors must not be used after. */
  close(): void {
    for (const file of new Set(this.ranges.map((range) => range.file))) file?.delete();
    for (const range of this.ranges) {
      range.bytes = undefined;
      range.file = undefined;
    }
  }
}

function sourceOf(range: Range, byteStart: number, byteEnd: number): ByteSource {
  if (range.file === undefined) return new MemorySource(range.bytes!, range.byteStart - range.heldStart);
  return new ScratchSource(range.file, range.heldStart + byteStart - range.byteStart, byteStart, byteEnd);
}

/** Joins runs that touch. `rangeOf` names the range of every cell of the rows, -1 for an empty run. */
function planRanges(rows: IndexRows): { readonly ranges: Range[]; readonly rangeOf: Int32Array } {
  const width = rows.segments.length;
  const ranges: Range[] = [];
  const rangeOf = new Int32Array(rows.records.length).fill(-1);
  for (let segment = 0; segment < width; segment++) {
    let open: Range | undefined;
    for (let at = segment; at < rows.records.length; at += width) {
      if (rows.records[at] === 0) continue;
      const byteStart = rows.byteStart[at]!;
      const byteEnd = rows.byteEnd[at]!;
      if (open !== undefined && open.byteEnd === byteStart) open.byteEnd = byteEnd;
      else {
        open = {
          segment: rows.segments[segment]!,
          byteStart,
          byteEnd,
          inMemory: true,
          bytes: undefined,
          file: undefined,
          heldStart: 0,
        };
        ranges.push(open);
      }
      rangeOf[at] = ranges.length - 1;
    }
  }
  return { ranges, rangeOf };
}

/** Decides which ranges stay in memory: all, or the first ones that leave room for requests in flight. Answers the size of these. */
function placeRanges(ranges: readonly Range[], options: FetchOptions): number {
  const total = ranges.reduce((bytes, range) => bytes + range.byteEnd - range.byteStart, 0);
  if (total <= options.memoryBytes) return 0;
  const fairBytes = Math.floor(options.memoryBytes / 4 / options.concurrency);
  const pieceBytes = Math.max(PIECE_BYTES_MIN, Math.min(PIECE_BYTES_MAX, fairBytes));
  let left = options.memoryBytes - pieceBytes * options.concurrency;
  for (const range of ranges) {
    const bytes = range.byteEnd - range.byteStart;
    range.inMemory = bytes <= left;
    if (range.inMemory) left -= bytes;
  }
  return pieceBytes;
}

/** Where small ranges lie side by side, for all fetches. */
class SharedArrays {
  private bytes = new Uint8Array(0);
  private at = 0;
  /** What is still to be taken. */
  private left = 0;

  constructor(ranges: readonly Range[]) {
    for (const { inMemory, byteStart, byteEnd } of ranges) {
      if (inMemory && byteEnd - byteStart <= SHARED_BYTES_MAX) this.left += byteEnd - byteStart;
    }
  }

  take(length: number): { readonly bytes: Uint8Array; readonly start: number } {
    if (this.at + length > this.bytes.length) {
      this.bytes = new Uint8Array(Math.min(SHARED_ARRAY_BYTES, this.left));
      this.at = 0;
    }
    const start = this.at;
    this.at += length;
    this.left -= length;
    return { bytes: this.bytes, start };
  }
}

/** What one of the parallel fetches writes to: one scratch file and one buffer for as long as it runs, both made when needed. */
class ScratchLane {
  private readonly scratch: Scratch;
  private readonly pieceBytes: number;
  private openFile: ScratchFile | undefined;
  private openBuffer: Uint8Array | undefined;

  constructor(scratch: Scratch, pieceBytes: number) {
    this.scratch = scratch;
    this.pieceBytes = pieceBytes;
  }

  get file(): ScratchFile {
    this.openFile ??= this.scratch.create();
    return this.openFile;
  }

  get buffer(): Uint8Array {
    this.openBuffer ??= new Uint8Array(this.pieceBytes);
    return this.openBuffer;
  }
}

async function fetchRange(
  store: ObjectStore,
  range: Range,
  lane: ScratchLane,
  shared: SharedArrays,
  fetched: FetchedRuns,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { segmentKey } = range.segment;
  const length = range.byteEnd - range.byteStart;
  fetched.bytes += length;
  if (range.inMemory) {
    signal?.throwIfAborted();
    fetched.requests++;
    if (length > SHARED_BYTES_MAX) {
      range.bytes = await store.readRange(segmentKey, undefined, range.byteStart, range.byteEnd);
      return;
    }
    const { bytes, start } = shared.take(length);
    await store.readRange(segmentKey, undefined, range.byteStart, range.byteEnd, bytes.subarray(start, start + length));
    range.bytes = bytes;
    range.heldStart = start;
    return;
  }
  range.file = lane.file;
  range.heldStart = lane.file.bytes;
  fetched.scratchBytes += length;
  const { buffer } = lane;
  for (let byteStart = range.byteStart; byteStart < range.byteEnd; byteStart += buffer.length) {
    signal?.throwIfAborted();
    fetched.requests++;
    const byteEnd = Math.min(byteStart + buffer.length, range.byteEnd);
    lane.file.append(await store.readRange(segmentKey, undefined, byteStart, byteEnd, buffer));
  }
}

function distinct(lost: readonly SegmentRef[]): SegmentRef[] {
  const byIndex = new Map(lost.map((segment) => [segment.mapIndex, segment]));
  return [...byIndex.values()].sort((a, b) => a.mapIndex - b.mapIndex);
}
