import type { ObjectStore } from '../ports/object-store.ts';
import { decodeKey } from '../record/key-codec.ts';
import { decodeValue } from '../record/value-codec.ts';
import { MemorySource } from '../shuffle/byte-source.ts';
import { openSegment, readSegmentFooter } from '../shuffle/segment-reader.ts';
import { VarintReader } from '../shuffle/varint.ts';
import type { PairsRange } from '../split/split.ts';
import type { MapRunner } from './map-runner.ts';

/** Hands the pairs that an earlier step left to the map function, in the order they were emitted. @throws CorruptSegmentError */
export async function readPairs(store: ObjectStore, pairs: PairsRange, runner: MapRunner, signal: AbortSignal): Promise<void> {
  const { index } = await readSegmentFooter(store, pairs.key, pairs.footerStart, pairs.bytes);
  signal.throwIfAborted();
  const bytes = await store.readRange(pairs.key, undefined, 0, pairs.footerStart);
  const cursor = openSegment(new MemorySource(bytes), index, { segmentKey: pairs.key });
  runner.enterObject(pairs.key);
  runner.moveWindow(0);
  for (let record = 0; !runner.isFull && cursor.next(); record++) {
    const reader = new VarintReader(cursor.valueBytes, cursor.valueStart, cursor.valueEnd);
    const keyEnd = reader.varint() + reader.at;
    const pair = [decodeKey(cursor.valueBytes, reader.at, keyEnd), decodeValue(cursor.valueBytes, keyEnd, cursor.valueEnd)] as const;
    if (!runner.sink(pair, record)) await runner.drain();
  }
  await runner.drain();
}
