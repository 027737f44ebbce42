import type { EmitGate } from '../job/emit-gate.ts';
import type { MapRunner } from './map-runner.ts';

/** Where a map attempt's pairs go. */
export type PairSink = {
  emit(key: unknown, value: unknown): void;
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

/** The user's promises first, since they emit. Costs nothing when there is nothing to wait for. */
export function drainBoth(runner: MapRunner, pairs: PairSink): Promise<void> | undefined {
  const running = runner.drain();
  if (running === undefined) return pairs.between?.();
  return running.then(() => pairs.between?.());
}
