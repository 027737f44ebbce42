import type { MapRunner } from './map-runner.ts';

/** Where a map attempt's pairs go. */
export type PairSink = {
  emit(key: unknown, value: unknown): void;
  /** Called between windows of records: writes what has piled up, if anything has. */
  between?(): Promise<void> | undefined;
  /** True ends the split early: a sample has seen enough. */
  isDone?(): boolean;
};

/** The user's promises first, since they emit. Costs nothing when there is nothing to wait for. */
export function drainBoth(runner: MapRunner, pairs: PairSink): Promise<void> | undefined {
  const running = runner.drain();
  if (running === undefined) return pairs.between?.();
  return running.then(() => pairs.between?.());
}
