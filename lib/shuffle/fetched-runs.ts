import type { CorruptSegmentError } from '../errors.ts';
import type { ScratchFile } from '../ports/scratch.ts';
import { BLOCK_BYTES_MAX } from './block.ts';
import { type ByteSource, MemorySource, SCRATCH_WINDOW_BYTES, ScratchSource } from './byte-source.ts';
import type { IndexRows } from './index-rows.ts';
import { LostSegmentError, type SegmentRef } from './lost-segment.ts';
import type { Runs } from './merge-passes.ts';
import type { RunCursor } from './run-cursor.ts';
import { openRun } from './segment-reader.ts';

/** What an open run takes besides its bytes, as measured with 100,000 small compressed ones: the cursor, its views, and what zlib leaves. */
const CURSOR_BYTES = 2048;

/** What a fetched range takes besides its bytes for as long as it is on hand, open or not: its row of the index, its segment's key. */
const RANGE_BYTES = 1024;

/** Neighbouring runs of one segment, fetched together. */
export type FetchedRange = {
  readonly segment: SegmentRef;
  readonly byteStart: number;
  byteEnd: number;
  inMemory: boolean;
  /** Once fetched, one of the two, and where the range starts in it. */
  bytes: Uint8Array | undefined;
  file: ScratchFile | undefined;
  heldStart: number;
};

/** The runs of a reduce task's partitions, on hand until `close`. */
export class FetchedRuns {
  /** GETs made. */
  requests = 0;
  /** Bytes fetched, as stored. */
  bytes = 0;
  /** Those of them that went to scratch files. */
  scratchBytes = 0;
  private readonly rows: IndexRows;
  private readonly ranges: readonly FetchedRange[];
  private readonly rangeOf: Int32Array;

  constructor(rows: IndexRows, ranges: readonly FetchedRange[], rangeOf: Int32Array) {
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

function sourceOf(range: FetchedRange, byteStart: number, byteEnd: number): ByteSource {
  if (range.file === undefined) return new MemorySource(range.bytes!, range.byteStart - range.heldStart);
  return new ScratchSource(range.file, range.heldStart + byteStart - range.byteStart, byteStart, byteEnd);
}
