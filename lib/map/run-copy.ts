import type { StateColumn } from '../combine/combiner.ts';
import { foldError } from '../job/user-code.ts';
import { ByteSink } from '../record/byte-sink.ts';
import { GroupCursor } from '../shuffle/group.ts';
import type { RunCursor } from '../shuffle/run-cursor.ts';
import type { SegmentWriter } from '../shuffle/segment-writer.ts';

/** Takes the records of a sorted run to a writer: as they are, or combined. */
export interface RunCopy {
  /** Records given to the writer so far. */
  readonly written: number;
  /** Goes on until about `bytesMax` bytes were written, or to the end: false. */
  copy(bytesMax: number): boolean;
}

/** Every record as it is. */
export class PlainCopy implements RunCopy {
  written = 0;
  private readonly from: RunCursor;
  private readonly to: SegmentWriter;

  constructor(from: RunCursor, to: SegmentWriter) {
    this.from = from;
    this.to = to;
  }

  copy(bytesMax: number): boolean {
    const { from, to } = this;
    let bytes = 0;
    let written = this.written;
    while (bytes < bytesMax) {
      if (!from.next()) {
        this.written = written;
        return false;
      }
      to.add(from.partition, from.keyBytes, from.keyStart, from.keyEnd, from.valueBytes, from.valueStart, from.valueEnd);
      bytes += from.keyEnd - from.keyStart + from.valueEnd - from.valueStart;
      written++;
    }
    this.written = written;
    return true;
  }
}

/**
 * The states that a key has in several spills made one. A state that outgrows `stateBytesMax`, as collected values do, is written as
 * it is and a new one begun: the reduce side goes on from there.
 */
export class FoldCopy implements RunCopy {
  written = 0;
  private readonly groups: GroupCursor;
  private readonly to: SegmentWriter;
  private readonly states: StateColumn;
  private readonly stateBytesMax: number;
  private readonly sink = new ByteSink();
  private bytes = 0;

  constructor(from: RunCursor, to: SegmentWriter, states: StateColumn, stateBytesMax: number) {
    this.groups = new GroupCursor(from);
    this.to = to;
    this.states = states;
    this.stateBytesMax = stateBytesMax;
  }

  copy(bytesMax: number): boolean {
    const { groups } = this;
    this.bytes = 0;
    while (this.bytes < bytesMax) {
      if (!groups.nextGroup()) return false;
      this.fold();
    }
    return true;
  }

  private fold(): void {
    const { groups } = this;
    try {
      this.foldValues();
    } catch (error) {
      throw foldError(error, 'combine', groups.keyBytes, groups.keyStart, groups.keyEnd);
    }
    this.write();
  }

  private foldValues(): void {
    const { groups, states, stateBytesMax } = this;
    groups.nextValue();
    states.startEncoded(0, groups.valueBytes, groups.valueStart, groups.valueEnd);
    while (groups.nextValue()) {
      if (states.bytesUsed(1) > stateBytesMax) {
        this.write();
        states.startEncoded(0, groups.valueBytes, groups.valueStart, groups.valueEnd);
      } else {
        states.addEncoded(0, groups.valueBytes, groups.valueStart, groups.valueEnd);
      }
    }
  }

  private write(): void {
    const { groups, sink, states } = this;
    sink.length = 0;
    states.encode(0, sink);
    states.clear();
    this.to.add(groups.partition, groups.keyBytes, groups.keyStart, groups.keyEnd, sink.bytes, 0, sink.length);
    this.bytes += groups.keyEnd - groups.keyStart + sink.length;
    this.written++;
  }
}
