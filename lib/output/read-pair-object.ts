import type { ObjectStore } from '../ports/object-store.ts';
import { decodeKey } from '../record/key-decoder.ts';
import { decodeValue } from '../record/value-decoder.ts';
import { BLOCK_HEADER_BYTES, type BlockHeader, readBlockHeader } from '../shuffle/block.ts';
import type { ByteSource } from '../shuffle/byte-source.ts';
import type { RunCursor } from '../shuffle/run-cursor.ts';
import { openSegment, readSegmentFooter } from '../shuffle/segment-reader.ts';
import { VarintReader } from '../shuffle/varint.ts';
import type { PairsRange } from '../split/split.ts';

type Pair = readonly [unknown, unknown];

/** Pairs as they are encoded, one after another: bytes[keyStart, keyEnd) is the key, bytes[keyEnd, end) the value, until the next `next`. */
export interface EncodedPairCursor {
  readonly bytes: Uint8Array;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly end: number;
  next(): boolean;
}

/** Bytes of one request, and so what is held of an object, unless one block is longer. */
const READ_BYTES = 4 * 1024 * 1024;

/**
 * The pairs of one object that PairsOutput wrote, in the order they were emitted, a few MiB at a time. Each batch must be read to its end
 * before the next is asked for.
 * @throws CorruptSegmentError, ObjectMissingError
 */
export async function* readPairObject(
  store: ObjectStore,
  object: PairsRange,
  readBytes: number = READ_BYTES,
): AsyncGenerator<Iterable<Pair>> {
  for await (const cursor of readEncodedPairs(store, object, readBytes)) yield decoded(cursor);
}

/** The same, with nothing decoded. */
export async function* readEncodedPairs(
  store: ObjectStore,
  object: PairsRange,
  readBytes: number = READ_BYTES,
): AsyncGenerator<EncodedPairCursor> {
  const { index } = await readSegmentFooter(store, object.key, object.footerStart, object.bytes);
  const window = new PairsWindow(index.byteStart[0]!);
  const cursor = openSegment(window, index, { segmentKey: object.key });
  const runEnd = index.byteStart[1]!;
  while (window.byteStart < runEnd) {
    const { records, wantedEnd } = window.takeBlocks();
    if (records > 0) {
      yield new PairCursor(cursor, records);
    } else if (window.byteEnd < runEnd) {
      const byteEnd = Math.min(runEnd, Math.max(wantedEnd, window.byteEnd + readBytes));
      window.add(await store.readRange(object.key, undefined, window.byteEnd, byteEnd));
    } else {
      break; // Damaged: the cursor says how.
    }
  }
  yield new PairCursor(cursor, Number.POSITIVE_INFINITY); // None, but the run's totals are checked.
}

function* decoded(cursor: EncodedPairCursor): Generator<Pair> {
  while (cursor.next()) {
    const { bytes, keyEnd } = cursor;
    yield [decodeKey(bytes, cursor.keyStart, keyEnd), decodeValue(bytes, keyEnd, cursor.end)];
  }
}

/** As many of a segment's records as are on hand: see PairsOutput. */
class PairCursor implements EncodedPairCursor {
  bytes: Uint8Array = new Uint8Array(0);
  keyStart = 0;
  keyEnd = 0;
  end = 0;
  private readonly records: RunCursor;
  private left: number;

  constructor(records: RunCursor, left: number) {
    this.records = records;
    this.left = left;
  }

  next(): boolean {
    const { records } = this;
    if (this.left-- <= 0 || !records.next()) return false;
    const reader = new VarintReader(records.valueBytes, records.valueStart, records.valueEnd);
    const keyBytes = reader.varint();
    this.bytes = records.valueBytes;
    this.keyStart = reader.at;
    this.keyEnd = reader.at + keyBytes;
    this.end = records.valueEnd;
    return true;
  }
}

/** The bytes of an object that are on hand: whole blocks that the cursor may read, and the start of the next one. */
class PairsWindow implements ByteSource {
  /** Where the first block lies that was not taken. */
  byteStart: number;
  private bytes = new Uint8Array(0);
  /** Of `bytes`. */
  private byteBase: number;
  private readonly header: BlockHeader = { codec: 0, rawBytes: 0, storedBytes: 0, records: 0, crc: 0 };

  constructor(byteStart: number) {
    this.byteStart = byteStart;
    this.byteBase = byteStart;
  }

  get byteEnd(): number {
    return this.byteBase + this.bytes.length;
  }

  view(byteStart: number, byteEnd: number): Uint8Array {
    return this.bytes.subarray(Math.max(0, byteStart - this.byteBase), Math.max(0, byteEnd - this.byteBase));
  }

  /** The records of all whole blocks on hand, which are taken with that; and where the next block ends, as far as can be told. */
  takeBlocks(): { readonly records: number; readonly wantedEnd: number } {
    const { header } = this;
    let records = 0;
    for (;;) {
      const bodyStart = this.byteStart + BLOCK_HEADER_BYTES;
      if (bodyStart > this.byteEnd) return { records, wantedEnd: bodyStart };
      readBlockHeader(this.view(this.byteStart, bodyStart), header);
      const blockEnd = bodyStart + header.storedBytes;
      if (blockEnd > this.byteEnd) return { records, wantedEnd: blockEnd };
      records += header.records;
      this.byteStart = blockEnd;
    }
  }

  /** Forgets the blocks that were taken, and adds what comes behind. */
  add(more: Uint8Array): void {
    const kept = this.bytes.subarray(this.byteStart - this.byteBase);
    const bytes = new Uint8Array(kept.length + more.length);
    bytes.set(kept);
    bytes.set(more, kept.length);
    this.bytes = bytes;
    this.byteBase = this.byteStart;
  }
}
