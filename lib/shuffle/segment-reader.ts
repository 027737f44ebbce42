import * as zlib from 'node:zlib';
import { CorruptSegmentError, InputChangedError, type RefoldError } from '../errors.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { BLOCK_HEADER_BYTES, type BlockHeader, CODEC_STORED, CODEC_ZSTD, decompressBlock, readBlockHeader } from './block.ts';
import type { ByteSource } from './byte-source.ts';
import type { RunCursor } from './run-cursor.ts';
import { decodeSegmentFooter, type IndexRow, type SegmentFooter, type SegmentIndex } from './segment.ts';

/**
 * The footer of a segment in the store: one GET.
 * @param bytes length of the whole segment
 * @throws CorruptSegmentError, ObjectMissingError
 */
export async function readSegmentFooter(
  store: ObjectStore,
  segmentKey: string,
  footerStart: number,
  bytes: number,
): Promise<SegmentFooter> {
  let footer: Uint8Array;
  try {
    footer = await store.readRange(segmentKey, undefined, footerStart, bytes);
  } catch (error) {
    if (!(error instanceof InputChangedError)) throw error;
    throw new CorruptSegmentError(
      { key: segmentKey, byte: footerStart, reason: 'the segment ends before its footer does' },
      { cause: error },
    );
  }
  return decodeSegmentFooter(footer, segmentKey, footerStart);
}

/** Names the segment in errors, and may wrap them: who fetched a run knows which map task it came from. */
export type RunOrigin = {
  readonly segmentKey: string;
  readonly wrap?: (error: CorruptSegmentError) => RefoldError;
};

/** A cursor over one partition's run. Nothing is read before the first `next`. */
export function openRun(source: ByteSource, row: IndexRow, origin: RunOrigin): RunCursor {
  const cursor = new SegmentCursor(source, origin, undefined);
  cursor.enterRun(row.partition, row.byteStart, row.byteEnd, row.records, row.rawBytes, row.crc);
  return cursor;
}

/** A cursor over all runs of a segment, partition after partition: for spills. */
export function openSegment(source: ByteSource, index: SegmentIndex, origin: RunOrigin): RunCursor {
  return new SegmentCursor(source, origin, index);
}

const NO_BYTES = new Uint8Array(0);
/** Of the block that is being read, which no other is meanwhile. */
const HEADER: BlockHeader = { codec: 0, rawBytes: 0, storedBytes: 0, records: 0, crc: 0 };
/** Before a block's first record: a length of less than nothing, which no key has. */
const NO_KEY_END = -1;

/**
 * Reads runs block by block. Every block's length, CRC and record count are checked before its first record is handed out, and
 * the totals of a run before its end is told. That records are in order the writer checked, and the CRC vouches for.
 */
class SegmentCursor implements RunCursor {
  partition = -1;
  keyBytes: Uint8Array = NO_BYTES;
  keyStart = 0;
  keyEnd = 0;
  valueBytes: Uint8Array = NO_BYTES;
  valueStart = 0;
  valueEnd = 0;
  repeats = false;

  private readonly source: ByteSource;
  private readonly origin: RunOrigin;
  private readonly index: SegmentIndex | undefined;
  /** The next row of the index. */
  private rowNext = 0;

  /** The block in hand. */
  private recordsLeft = 0;
  private at = 0;
  private blockStart = 0;

  /** The run in hand: where the next block starts, and what the index says of the rest. */
  private byteNext = 0;
  private byteEnd = 0;
  private runRecords = 0;
  private runRawBytes = 0;
  private runCrc = 0;
  private crc = 0;

  constructor(source: ByteSource, origin: RunOrigin, index: SegmentIndex | undefined) {
    this.source = source;
    this.origin = origin;
    this.index = index;
  }

  enterRun(partition: number, byteStart: number, byteEnd: number, records: number, rawBytes: number, crc: number): void {
    this.partition = partition;
    this.byteNext = byteStart;
    this.byteEnd = byteEnd;
    this.runRecords = records;
    this.runRawBytes = rawBytes;
    this.runCrc = crc;
    this.crc = 0;
  }

  next(): boolean {
    if (this.recordsLeft === 0 && !this.nextBlock()) return false;
    this.recordsLeft--;
    const bytes = this.keyBytes;
    let at = this.at;
    let length = bytes[at++]!;
    if (length > 127) {
      length &= 127;
      for (let shift = 7; ; shift += 7) {
        const byte = bytes[at++]!;
        length |= (byte & 127) << shift;
        if (!(byte > 127) || shift > 21) break;
      }
    }
    const startBefore = this.keyStart;
    let repeats = length === this.keyEnd - startBefore;
    if (repeats) {
      // Backwards, because neighbours in key order differ at the end.
      let index = length - 1;
      while (index >= 0 && bytes[at + index] === bytes[startBefore + index]) index--;
      repeats = index < 0;
    }
    this.repeats = repeats;
    this.keyStart = at;
    at += length;
    const keyEnd = at;
    length = bytes[at++]!;
    if (length > 127) {
      length &= 127;
      for (let shift = 7; ; shift += 7) {
        const byte = bytes[at++]!;
        length |= (byte & 127) << shift;
        if (!(byte > 127) || shift > 21) break;
      }
    }
    this.keyEnd = keyEnd;
    this.valueStart = at;
    at += length;
    this.valueEnd = at;
    this.at = at;
    // Not `at > bytes.length`: past the end of the block lengths are undefined, and `at` is no number.
    if (!(at <= bytes.length) || keyEnd < this.keyStart || at < this.valueStart)
      this.refuse(this.blockStart, 'a record is longer than its block');
    return true;
  }

  /** Ends the block in hand, moves to the next one of this run, or of the next run that has any. */
  private nextBlock(): boolean {
    if (this.at !== this.keyBytes.length) this.refuse(this.blockStart, 'a block has bytes behind its last record');
    while (this.byteNext === this.byteEnd) {
      this.endRun();
      if (!this.nextRun()) return false;
    }
    this.readBlock();
    return true;
  }

  private readBlock(): void {
    const header = HEADER;
    const start = this.byteNext;
    const bodyStart = start + BLOCK_HEADER_BYTES;
    this.blockStart = start;
    if (bodyStart > this.byteEnd) this.refuse(start, 'the run ends within a block header');
    const head = this.source.view(start, bodyStart);
    if (head.length < BLOCK_HEADER_BYTES) this.refuse(start, 'the segment ends within a block header');
    readBlockHeader(head, header);
    if (bodyStart + header.storedBytes > this.byteEnd) this.refuse(start, 'a block is longer than its run');
    if (header.rawBytes > this.runRawBytes || header.records > this.runRecords || header.records === 0) {
      this.refuse(start, 'a block holds more than the index says');
    }
    const stored = this.source.view(bodyStart, bodyStart + header.storedBytes);
    if (stored.length < header.storedBytes) this.refuse(start, 'the segment ends within a block');
    const raw = this.rawBytesOf(stored);
    if (zlib.crc32(raw, this.crc) !== header.crc) this.refuse(start, 'the CRC of a block is wrong');

    this.byteNext = bodyStart + header.storedBytes;
    this.runRawBytes -= header.rawBytes;
    this.runRecords -= header.records;
    this.crc = header.crc;
    this.recordsLeft = header.records;
    this.keyBytes = raw;
    this.valueBytes = raw;
    this.at = 0;
    this.keyStart = 0;
    this.keyEnd = NO_KEY_END;
  }

  private rawBytesOf(stored: Uint8Array): Uint8Array {
    const { codec, rawBytes } = HEADER;
    if (codec === CODEC_STORED && stored.length === rawBytes) return stored;
    if (codec !== CODEC_ZSTD) return this.refuse(this.blockStart, 'the codec of a block is unknown or its length wrong');
    try {
      return decompressBlock(stored, rawBytes);
    } catch (error) {
      return this.refuse(this.blockStart, 'a block cannot be decompressed', error);
    }
  }

  private endRun(): void {
    if (this.runRecords !== 0 || this.runRawBytes !== 0 || this.crc !== this.runCrc) {
      this.refuse(this.byteEnd, 'the run has not the records that the index says');
    }
    this.at = 0;
    this.keyBytes = NO_BYTES;
    this.valueBytes = NO_BYTES;
  }

  private nextRun(): boolean {
    const index = this.index;
    if (index === undefined || this.rowNext === index.partitions) return false;
    const at = this.rowNext++;
    const partition = index.partitionStart + at;
    this.enterRun(
      partition,
      index.byteStart[at]!,
      index.byteStart[at + 1]!,
      index.records[at]!,
      index.rawBytes[at]!,
      index.crc[at]!,
    );
    return true;
  }

  private refuse(byte: number, reason: string, cause?: unknown): never {
    const error = new CorruptSegmentError({ key: this.origin.segmentKey, byte, reason }, { cause });
    throw this.origin.wrap?.(error) ?? error;
  }
}
