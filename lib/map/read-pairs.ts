import type { PairSink } from '../job/pair-sink.ts';
import { readEncodedPairs, readPairObject } from '../output/read-pair-object.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { PairsRange } from '../split/split.ts';
import type { MapRunner } from './map-runner.ts';
import { drainBoth } from './map-runner.ts';

const PAIRS_PER_DRAIN = 10_000;

/**
 * Hands the pairs that an earlier step left to the map function, in the order they were emitted; as they are encoded, where there is no
 * map. @throws CorruptSegmentError
 */
export async function readPairs(
  store: ObjectStore,
  object: PairsRange,
  runner: MapRunner,
  pairs: PairSink,
  signal: AbortSignal,
): Promise<void> {
  const drain = async () => {
    signal.throwIfAborted();
    await drainBoth(runner, pairs);
  };
  runner.enterObject(object.key);
  if (runner.passesOn) {
    for await (const batch of readEncodedPairs(store, object)) {
      runner.moveWindow(0);
      while (batch.next()) {
        if (!runner.passOn(batch) || runner.recordsInRange % PAIRS_PER_DRAIN === 0) await drain();
      }
      await drain();
      runner.pause();
    }
    return;
  }
  let record = 0;
  for await (const batch of readPairObject(store, object)) {
    runner.moveWindow(0);
    for (const pair of batch) {
      if (runner.sink(pair, record++) && record % PAIRS_PER_DRAIN !== 0) continue;
      await drain();
      // Asked between records, not between batches, so that a sample does not depend on how the pairs are stored.
      if (pairs.isDone?.() === true) return;
    }
    await drain();
    runner.pause();
  }
}
