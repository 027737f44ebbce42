import type { ObjectStore } from '../ports/object-store.ts';
import { decodeKey } from '../record/key-codec.ts';
import { decodeValue } from '../record/value-codec.ts';
import { MemorySource } from '../shuffle/byte-source.ts';
import { openSegment, readSegmentFooter } from '../shuffle/segment-reader.ts';
import { VarintReader } from '../shuffle/varint.ts';
import type { PairsRange } from '../split/split.ts';
import type { MapRunner } from './map-runner.ts';
import { drainBoth, type PairSink } from './pair-sink.ts';

const PAIRS_PER_DRAIN = 10_000;

/** Hands the pairs that an earlier step left to the map function, in the order they were emitted. @throws CorruptSegmentError */
export async function readPairs(store: ObjectStore, object: PairsRange, runner: MapRunner, pairs: PairSink, signal: AbortSignal): Promise<void> {
  const { index } = await readSegmentFooter(store, object.key, object.footerStart, object.bytes);
  signal.throwIfAborted();
  const bytes = await store.readRange(object.key, undefined, 0, object.footerStart);
  const cursor = openSegment(new MemorySource(bytes), index, { segmentKey: object.key });
  runner.enterObject(object.key);
  runner.moveWindow(0);
  for (let record = 0; !runner.isFull && cursor.next(); record++) {
    const reader = new VarintReader(cursor.valueBytes, cursor.valueStart, cursor.valueEnd);
    const keyEnd = reader.varint() + reader.at;
    const pair = [decodeKey(cursor.valueBytes, reader.at, keyEnd), decodeValue(cursor.valueBytes, keyEnd, cursor.valueEnd)] as const;
    if (!runner.sink(pair, record) || record % PAIRS_PER_DRAIN === 0) await drainBoth(runner, pairs);
  }
  await drainBoth(runner, pairs);
}
