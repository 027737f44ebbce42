import type { TaskId } from '../ports/task-ledger.ts';
import type { InputRange } from '../record/reader.ts';

/** What one map task reads: one row of `splits/<chunk>.jsonl`. All its ranges are of one input, in listing order. */
export type Split = {
  readonly index: number;
  /** Name of the input; `''` for the unnamed one. */
  readonly input: string;
  readonly ranges: readonly InputRange[];
  /** Stop after that many records. */
  readonly limit?: number;
  /** In place of ranges: output of an earlier step. */
  readonly pairs?: readonly SplitPairs[];
};

/** The pairs that one reduce (or map-only) task of an earlier step left. */
export type PairsRange = {
  readonly key: string;
  readonly bytes: number;
  /** Of the pairs, uncompressed: what decides about partitions, since how well zstd does may change. */
  readonly rawBytes: number;
  readonly footerStart: number;
};

/** Pairs as a split names them: the task that left them may lose them, and leave them anew elsewhere. */
export type SplitPairs = PairsRange & {
  readonly task: Pick<TaskId, 'step' | 'phase' | 'index'>;
  /** Whose they were when the split was planned. */
  readonly attemptId: string;
  /** Their place among all pairs of that step. */
  readonly place: number;
};

/** Where a split's row lies: half-open bytes of a chunk. */
export type SplitRef = { readonly chunk: number; readonly byteStart: number; readonly byteEnd: number };

export function decodeSplit(row: Uint8Array): Split {
  return JSON.parse(Buffer.from(row.buffer, row.byteOffset, row.byteLength).toString('utf8')) as Split;
}
