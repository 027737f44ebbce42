/** Where a record comes from: path or key as listed, offset of its first byte in the uncompressed object, its index in the range. */
export type Position = { readonly object: string; readonly byte: number; readonly record: number };

export type Counter = { add(count: number): void };

/** What a map or reduce function may ask of its task. `P` is the type of the job's params. */
export type TaskContext<P = Readonly<Record<string, unknown>>> = {
  readonly params: Readonly<P>;
  /** The named input, `''` when the job has one unnamed input; `''` in reduce. */
  readonly input: string;
  /** A named whole number, exact: only committed attempts count. */
  counter(name: string): Counter;
  /** At least once an attempt; capped. */
  log(message: string): void;
  /** Aborted when the attempt must end: cancelled, or out of time. */
  readonly signal: AbortSignal;
  /** From 1. */
  readonly attempt: number;
  /** Index of the task in its phase. */
  readonly index: number;
  /** The record in hand; undefined in setup and cleanup, and in reduce. */
  readonly position: Position | undefined;
};
