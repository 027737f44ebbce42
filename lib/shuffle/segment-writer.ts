import * as zlib from 'node:zlib';
import { assert, InvariantError } from '../errors.ts';
import { compareKeys } from '../record/compare-keys.ts';
import { BLOCK_BYTES_MAX, BLOCK_HEADER_BYTES, BlockCompressor, CODEC_STORED, CODEC_ZSTD, writeBlockHeader } from './block.ts';
import type { RunCursor } from './run-cursor.ts';
import { emptyIndex, encodeSegmentFooter, SEGMENT_HEADER, type SegmentAccount, type SegmentIndex } from './segment.ts';

/** Takes a segment's bytes in order. The writer reuses `bytes` once `append` returns. A ScratchFile is one. */
export interface SegmentSink {
  append(bytes: Uint8Array): void;
}

export type SegmentWriterOptions = {
  readonly sink: SegmentSink;
  readonly partitions: number;
  /** The first partition that may come. 0 by default. */
  readonly partitionStart?: number;
  /** `zstd` for segments that travel, `none` for spills. Decides nothing but size. */
  readonly compress: 'zstd' | 'none';
};

export type FinishedSegment = { readonly footerStart: number; readonly bytes: number; readonly index: SegmentIndex };

/** Bytes that two varint lengths take at most: lengths are below 2^31. */
const LENGTHS_BYTES_MAX = 10;
const RECORD_BYTES_MAX = 2 ** 31 - 1;
/** Shorter bytes are copied by a loop, at about 1 ns a byte; a call of `set` costs 35 ns (bench/merge.bench.ts). */
const LOOP_COPY_BYTES_MAX = 32;

/**
 * Writes one segment. Records come in order of partition, key bytes and emission; that they do is checked for every record.
 * `add` allocates nothing but once a block.
 */
export class SegmentWriter {
  /** Bytes given to the sink so far. */
  bytes = 0;
  private readonly sink: SegmentSink;
  private readonly compressor: BlockCompressor | undefined;
  private readonly index: SegmentIndex;
  private partition: number;
  private readonly partitionEnd: number;

  /** The block in the making, behind room for its header. */
  private block = new Uint8Array(BLOCK_HEADER_BYTES + BLOCK_BYTES_MAX);
  private at = BLOCK_HEADER_BYTES;
  private blockRecords = 0;

  private runRecords = 0;
  private runRawBytes = 0;
  private runCrc = 0;

  /** The last key of the run. It is still in the block's buffer when the next one is compared with it, also after the block ended. */
  private lastBytes: Uint8Array = this.block;
  private lastStart = 0;
  private lastEnd = 0;

  constructor(options: SegmentWriterOptions) {
    this.sink = options.sink;
    this.compressor = options.compress === 'zstd' ? new BlockCompressor() : undefined;
    this.partition = options.partitionStart ?? 0;
    this.partitionEnd = this.partition + options.partitions;
    this.index = emptyIndex(this.partition, options.partitions);
    this.emit(SEGMENT_HEADER);
  }

  /** Adds one record: key = keyBytes[keyStart, keyEnd), value = valueBytes[valueStart, valueEnd). @throws InvariantError when out of order */
  add(
    partition: number,
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    if (partition !== this.partition) this.startRun(partition);
    else if (compareKeys(this.lastBytes, this.lastStart, this.lastEnd, keyBytes, keyStart, keyEnd) > 0) refuseOrder(partition);
    const keyLength = keyEnd - keyStart;
    const valueLength = valueEnd - valueStart;
    const roomBytes = keyLength + valueLength + LENGTHS_BYTES_MAX;
    if (this.at + roomBytes > BLOCK_HEADER_BYTES + BLOCK_BYTES_MAX) this.makeRoom(roomBytes);

    const block = this.block;
    let at = this.at;
    let length = keyLength;
    while (length > 127) {
      block[at++] = length | 128;
      length >>>= 7;
    }
    block[at++] = length;
    this.lastBytes = block;
    this.lastStart = at;
    if (keyLength < LOOP_COPY_BYTES_MAX) for (let from = keyStart; from < keyEnd; from++) block[at++] = keyBytes[from]!;
    else {
      block.set(keyBytes.subarray(keyStart, keyEnd), at);
      at += keyLength;
    }
    this.lastEnd = at;
    length = valueLength;
    while (length > 127) {
      block[at++] = length | 128;
      length >>>= 7;
    }
    block[at++] = length;
    if (valueLength < LOOP_COPY_BYTES_MAX) for (let from = valueStart; from < valueEnd; from++) block[at++] = valueBytes[from]!;
    else {
      block.set(valueBytes.subarray(valueStart, valueEnd), at);
      at += valueLength;
    }
    this.at = at;
    this.blockRecords++;
  }

  /** Adds all that is left in the cursor. */
  addRun(cursor: RunCursor): void {
    while (cursor.next()) {
      this.add(
        cursor.partition,
        cursor.keyBytes,
        cursor.keyStart,
        cursor.keyEnd,
        cursor.valueBytes,
        cursor.valueStart,
        cursor.valueEnd,
      );
    }
  }

  /** Ends the last run without a footer, for runs that never leave the attempt. `add` must not be called again. */
  seal(): SegmentIndex {
    this.endRun();
    const { byteStart, partitionStart } = this.index;
    byteStart.fill(this.bytes, this.partition - partitionStart + 1);
    this.block = new Uint8Array(0);
    return this.index;
  }

  /** Ends the segment with its footer. Once. */
  finish(account: SegmentAccount): FinishedSegment {
    const index = this.seal();
    const footerStart = this.bytes;
    this.emit(encodeSegmentFooter({ index, account }));
    return { footerStart, bytes: this.bytes, index };
  }

  private emit(bytes: Uint8Array): void {
    this.sink.append(bytes);
    this.bytes += bytes.length;
  }

  private startRun(partition: number): void {
    assert(
      partition > this.partition && partition < this.partitionEnd,
      'partitions come in ascending order, below the count of the job',
    );
    this.endRun();
    const { byteStart, partitionStart } = this.index;
    byteStart.fill(this.bytes, this.partition - partitionStart + 1, partition - partitionStart + 1);
    this.partition = partition;
  }

  private endRun(): void {
    this.endBlock();
    const at = this.partition - this.index.partitionStart;
    if (this.runRecords > 0) {
      this.index.records[at] = this.runRecords;
      this.index.rawBytes[at] = this.runRawBytes;
      this.index.crc[at] = this.runCrc;
    }
    this.runRecords = 0;
    this.runRawBytes = 0;
    this.runCrc = 0;
  }

  /** Makes the block able to take `roomBytes` more: ends it, and grows it for a record that alone is longer than a block. */
  private makeRoom(roomBytes: number): void {
    assert(roomBytes <= RECORD_BYTES_MAX, 'a record is shorter than 2 GiB');
    this.endBlock();
    if (roomBytes > BLOCK_BYTES_MAX) this.block = new Uint8Array(BLOCK_HEADER_BYTES + roomBytes);
  }

  private endBlock(): void {
    if (this.blockRecords === 0) return;
    const rawBytes = this.at - BLOCK_HEADER_BYTES;
    const raw = this.block.subarray(BLOCK_HEADER_BYTES, this.at);
    this.runCrc = zlib.crc32(raw, this.runCrc);
    this.runRecords += this.blockRecords;
    this.runRawBytes += rawBytes;
    const compressed = this.compressor?.compress(raw);
    if (compressed === undefined) {
      writeBlockHeader(this.block, CODEC_STORED, rawBytes, rawBytes, this.blockRecords, this.runCrc);
      this.emit(this.block.subarray(0, this.at));
    } else {
      writeBlockHeader(this.block, CODEC_ZSTD, rawBytes, compressed.length, this.blockRecords, this.runCrc);
      this.emit(this.block.subarray(0, BLOCK_HEADER_BYTES));
      this.emit(compressed);
    }
    this.at = BLOCK_HEADER_BYTES;
    this.blockRecords = 0;
    if (this.block.length > BLOCK_HEADER_BYTES + BLOCK_BYTES_MAX)
      this.block = new Uint8Array(BLOCK_HEADER_BYTES + BLOCK_BYTES_MAX);
  }
}

function refuseOrder(partition: number): never {
  throw new InvariantError(`records of partition ${partition} reach the segment writer out of key order`);
}
