import type { EmitGate } from './emit-gate.ts';

/** Where a map attempt's pairs go. */
export type PairSink = {
  emit(key: unknown, value: unknown): void;
  /** Takes an encoded pair as it is: bytes[start, keyEnd) is the key, bytes[keyEnd, end) the value. Undefined where values are combined. */
  readonly emitEncoded?: ((bytes: Uint8Array, start: number, keyEnd: number, end: number) => void) | undefined;
  /** Remembers what goes wrong with emitting outside of `emit`. */
  readonly gate: EmitGate;
  /** Takes the pairs of one record aside, for records in flight together. Whatever `emit` refuses, `emit` of what is held refuses. */
  hold(): HeldPairs;
  /** Called between windows of records: writes what has piled up, if anything has. */
  between?(): Promise<void> | undefined;
  /** True ends the split early: a sample has seen enough. */
  isDone?(): boolean;
};

/** Pairs encoded when they were emitted, so that user code may change what it emitted, and handed on when their turn comes. */
export interface HeldPairs {
  emit(key: unknown, value: unknown): void;
  /** Hands them on, in order. Once. */
  release(): void;
}
