import type { ObjectStore } from '../ports/object-store.ts';
import { decodeKey } from '../record/key-codec.ts';
import { decodeValue } from '../record/value-codec.ts';
import { MemorySource } from '../shuffle/byte-source.ts';
import { openSegment, readSegmentFooter } from '../shuffle/segment-reader.ts';
import { VarintReader } from '../shuffle/varint.ts';
import type { PairsRange } from '../split/split.ts';

/** The pairs of one object that PairsOutput wrote, in the order they were emitted. @throws CorruptSegmentError, ObjectMissingError */
export async function readPairObject(store: ObjectStore, object: PairsRange): Promise<Iterable<readonly [unknown, unknown]>> {
  const { index } = await readSegmentFooter(store, object.key, object.footerStart, object.bytes);
  const bytes = await store.readRange(object.key, undefined, 0, object.footerStart);
  return pairsOf(openSegment(new MemorySource(bytes), index, { segmentKey: object.key }));
}

function* pairsOf(cursor: ReturnType<typeof openSegment>): Generator<readonly [unknown, unknown]> {
  while (cursor.next()) {
    const reader = new VarintReader(cursor.valueBytes, cursor.valueStart, cursor.valueEnd);
    const keyBytes = reader.varint();
    const keyEnd = reader.at + keyBytes;
    yield [decodeKey(cursor.valueBytes, reader.at, keyEnd), decodeValue(cursor.valueBytes, keyEnd, cursor.valueEnd)];
  }
}
