import { InputChangedError, ObjectMissingError } from '../errors.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { Scratch, ScratchFile } from '../ports/scratch.ts';
import { type FetchedRange, FetchedRuns } from './fetched-runs.ts';
import type { IndexRows } from './index-rows.ts';
import { LostSegmentError, type SegmentRef } from './lost-segment.ts';

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

/** Ranges up to this size share an array of bytes: one of its own costs about 1,000 bytes more, and there may be 100,000 of them. */
const SHARED_BYTES_MAX = 16 * 1024;
const SHARED_ARRAY_BYTES = 256 * 1024;

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

/** Joins runs that touch. `rangeOf` names the range of every cell of the rows, -1 for an empty run. */
function planRanges(rows: IndexRows): { readonly ranges: FetchedRange[]; readonly rangeOf: Int32Array } {
  const width = rows.segments.length;
  const ranges: FetchedRange[] = [];
  const rangeOf = new Int32Array(rows.records.length).fill(-1);
  for (let segment = 0; segment < width; segment++) {
    let open: FetchedRange | undefined;
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
function placeRanges(ranges: readonly FetchedRange[], options: FetchOptions): number {
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

  constructor(ranges: readonly FetchedRange[]) {
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
  range: FetchedRange,
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
