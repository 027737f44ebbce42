import type { EmitGate } from '../job/emit-gate.ts';
import type { HeldPairs } from '../job/pair-sink.ts';

/** Where emitted pairs of an attempt go: a part, or an object of pairs for the next step. Synchronous, drained between records. */
export interface PairOutput {
  /** Pairs so far. */
  readonly records: number;
  /** Closed while pairs are written, and from `finish` on. */
  readonly gate: EmitGate;
  emit(key: unknown, value: unknown): void;
  emitEncoded(
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void;
  /** Takes pairs aside in the form they will be written in. */
  hold(): HeldPairs;
  /** True when `drain` has something worth writing. */
  readonly isFull: boolean;
  drain(): Promise<void>;
  /** Drops all of it. */
  abort(): Promise<void>;
}
