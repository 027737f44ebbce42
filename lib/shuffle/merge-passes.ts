import { assert } from '../errors.ts';
import type { Scratch, ScratchFile } from '../ports/scratch.ts';
import { BLOCK_BYTES_MAX } from './block.ts';
import { SCRATCH_WINDOW_BYTES, ScratchSource } from './byte-source.ts';
import { mergeRuns } from './merge.ts';
import type { RunCursor } from './run-cursor.ts';
import { openSegment } from './segment-reader.ts';
import { SegmentWriter } from './segment-writer.ts';

/** Runs in merge order. An array of cursors is one; others open their cursors when they are sliced, which is once for each run. */
export type Runs = { readonly length: number; slice(start?: number, end?: number): RunCursor[] };

export type MergeLimits = {
  /** Runs read at a time; at least 2. See `fanInOf`. */
  readonly fanInMax: number;
  readonly scratch: Scratch;
  /** The partitions that the runs have records in, half open. */
  readonly partitionStart: number;
  readonly partitionEnd: number;
};

export type MergedRuns = {
  readonly cursor: RunCursor;
  /** Bytes that went through scratch files. */
  readonly scratchBytes: number;
  /** Deletes the scratch files. The cursor must not be used after. */
  close(): void;
};

/** Each open run holds one decompressed block, and a window when it lies in scratch. */
const RUN_BYTES = BLOCK_BYTES_MAX + SCRATCH_WINDOW_BYTES;

/** How many runs may be open at a time in `memoryBytes`. */
export function fanInOf(memoryBytes: number): number {
  return Math.max(2, Math.floor(memoryBytes / RUN_BYTES));
}

/**
 * Merges any number of runs, never more than `fanInMax` at a time, in the very order of `mergeRuns`. Above that it first merges
 * neighbours into scratch runs, from the left and no more than needed: every record is written to scratch once for up to fanInMax²
 * runs. Works synchronously before it answers when there is anything to merge first.
 */
export function mergeWithin(cursors: Runs, limits: MergeLimits): MergedRuns {
  const { fanInMax } = limits;
  assert(fanInMax >= 2, 'a merge reads at least two runs at a time');
  const files = new Map<RunCursor, ScratchFile>();
  let scratchBytes = 0;
  let runs = cursors;
  while (runs.length > fanInMax) {
    const merged: RunCursor[] = [];
    let surplus = runs.length - fanInMax;
    let at = 0;
    while (at < runs.length && surplus > 0) {
      const group = runs.slice(at, at + Math.min(fanInMax, surplus + 1));
      at += group.length;
      if (group.length === 1) {
        merged.push(group[0]!);
        continue;
      }
      surplus -= group.length - 1;
      const file = limits.scratch.create();
      const cursor = mergeIntoScratch(group, file, limits);
      scratchBytes += file.bytes;
      for (const run of group) {
        files.get(run)?.delete();
        files.delete(run);
      }
      files.set(cursor, file);
      merged.push(cursor);
    }
    runs = [...merged, ...runs.slice(at)];
  }
  return {
    cursor: mergeRuns(runs.slice()),
    scratchBytes,
    close: () => {
      for (const file of files.values()) file.delete();
      files.clear();
    },
  };
}

function mergeIntoScratch(group: readonly RunCursor[], file: ScratchFile, limits: MergeLimits): RunCursor {
  const { partitionStart, partitionEnd } = limits;
  const writer = new SegmentWriter({ sink: file, partitionStart, partitions: partitionEnd - partitionStart, compress: 'none' });
  writer.addRun(mergeRuns(group));
  const index = writer.seal();
  return openSegment(new ScratchSource(file, 0, 0, file.bytes), index, { segmentKey: 'a scratch run' });
}
