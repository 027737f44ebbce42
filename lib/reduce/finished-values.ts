import type { StateColumn } from '../combine/combiner.ts';
import { foldError } from '../job/user-code.ts';
import { ByteSink } from '../record/byte-sink.ts';
import { encodeValue } from '../record/value-encoder.ts';
import { GroupCursor } from '../shuffle/group.ts';
import type { RunCursor } from '../shuffle/run-cursor.ts';

/** Makes the state in slot 0 of the group that `groups` stands before. `name`: where the combiner stands in the job. */
export function foldGroup(groups: GroupCursor, states: StateColumn, name: 'reduce' | 'combine'): void {
  states.clear();
  try {
    groups.nextValue();
    states.startEncoded(0, groups.valueBytes, groups.valueStart, groups.valueEnd);
    while (groups.nextValue()) states.addEncoded(0, groups.valueBytes, groups.valueStart, groups.valueEnd);
  } catch (error) {
    throw foldError(error, name, groups.keyBytes, groups.keyStart, groups.keyEnd);
  }
}

/**
 * A merged run with the partial states of a built-in combiner finished: each whole key comes once, with its final value (`top`: once a
 * value). What a reduce that is not the combiner itself must see, so that it never meets a state.
 */
export class FinishedValues implements RunCursor {
  partition = -1;
  keyBytes: Uint8Array = new Uint8Array(0);
  keyStart = 0;
  keyEnd = 0;
  valueBytes: Uint8Array = new Uint8Array(0);
  valueStart = 0;
  valueEnd = 0;
  readonly repeats = false;
  /** Of the run that is read: `delivered` are its records, `groups` its keys. */
  readonly keys: GroupCursor;
  private readonly states: StateColumn;
  private readonly sink = new ByteSink();
  private results: readonly unknown[] = [];
  private resultAt = 0;

  constructor(from: RunCursor, states: StateColumn) {
    this.keys = new GroupCursor(from);
    this.states = states;
  }

  next(): boolean {
    const { keys, sink } = this;
    while (this.resultAt === this.results.length) {
      if (!keys.nextGroup()) return false;
      foldGroup(keys, this.states, 'combine');
      this.results = this.states.result(0);
      this.resultAt = 0;
      this.partition = keys.partition;
      this.keyBytes = keys.keyBytes;
      this.keyEnd = keys.keyEnd;
    }
    sink.length = 0;
    encodeValue(this.results[this.resultAt++], sink);
    this.valueBytes = sink.bytes;
    this.valueEnd = sink.length;
    return true;
  }
}
