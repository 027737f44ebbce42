import type { Scratch, ScratchFile } from '../ports/scratch.ts';
import { ScratchSource } from '../shuffle/byte-source.ts';
import { fanInOf, type MergedRuns, mergeWithin } from '../shuffle/merge-passes.ts';
import type { RunCursor } from '../shuffle/run-cursor.ts';
import type { SegmentIndex } from '../shuffle/segment.ts';
import { openSegment } from '../shuffle/segment-reader.ts';
import { SegmentWriter } from '../shuffle/segment-writer.ts';

type Spill = { readonly file: ScratchFile; readonly index: SegmentIndex };

const FAN_IN_MIN = 8;
const FAN_IN_MAX = 64;
/** The share of the memory that a merge may take beside it: the last records are still there. */
const MERGE_SHARE = 8;

/**
 * The sorted runs that one map attempt wrote when its memory was full, in the order they were written, in scratch files.
 * Not compressed: they live seconds, mostly in the page cache.
 */
export class Spills {
  private readonly scratch: Scratch;
  private readonly partitions: number;
  private readonly fanInMax: number;
  private readonly spills: Spill[] = [];

  constructor(scratch: Scratch, partitions: number, memoryBytes: number) {
    this.scratch = scratch;
    this.partitions = partitions;
    this.fanInMax = Math.min(FAN_IN_MAX, Math.max(FAN_IN_MIN, fanInOf(memoryBytes / MERGE_SHARE)));
  }

  get isEmpty(): boolean {
    return this.spills.length === 0;
  }

  /** Adds a run of what `copy` writes. @throws ScratchFullError */
  add(copy: (writer: SegmentWriter) => void): void {
    const file = this.scratch.create();
    const writer = new SegmentWriter({ sink: file, partitions: this.partitions, compress: 'none' });
    copy(writer);
    this.spills.push({ file, index: writer.seal() });
  }

  /** All spills merged, in the order they were written where keys are equal, and `last` behind them. @throws ScratchFullError */
  merge(last: RunCursor): MergedRuns {
    const limits = { fanInMax: this.fanInMax, scratch: this.scratch, partitionStart: 0, partitionEnd: this.partitions };
    return mergeWithin([...this.spills.map(openSpill), last], limits);
  }

  delete(): void {
    for (const { file } of this.spills) file.delete();
    this.spills.length = 0;
  }
}

function openSpill({ file, index }: Spill): RunCursor {
  return openSegment(new ScratchSource(file, 0, 0, file.bytes), index, { segmentKey: 'a spill' });
}
