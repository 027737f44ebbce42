import * as zlib from 'node:zlib';
import { uint32At } from './varint.ts';

/** Raw bytes of a block at most, unless one record alone is longer. */
export const BLOCK_BYTES_MAX = 256 * 1024;
export const BLOCK_HEADER_BYTES = 17;

/** How a block's bytes are stored. Numbers of segment format 1. */
export const CODEC_STORED = 0;
export const CODEC_ZSTD = 1;

/** Blocks below this are stored as they are: a zstd call costs 25 microseconds and saves nothing worth it. */
const COMPRESS_BYTES_MIN = 256;
/** After blocks that did not shrink the next ones are not tried: 1, 2, 4 … up to this many. */
const SKIPPED_BLOCKS_MAX = 16;

/**
 * Layout of a block header, little endian: codec (1 byte), raw length, stored length, record count, CRC (4 bytes each).
 * The CRC is the CRC-32 of all raw bytes of the run up to and including this block, so that one pass over the bytes gives the
 * check of the block, of the order of blocks, and of the whole run.
 */
export type BlockHeader = {
  codec: number;
  rawBytes: number;
  storedBytes: number;
  records: number;
  crc: number;
};

export function writeBlockHeader(
  target: Uint8Array,
  codec: number,
  rawBytes: number,
  storedBytes: number,
  records: number,
  crc: number,
): void {
  const view = new DataView(target.buffer, target.byteOffset, BLOCK_HEADER_BYTES);
  view.setUint8(0, codec);
  view.setUint32(1, rawBytes, true);
  view.setUint32(5, storedBytes, true);
  view.setUint32(9, records, true);
  view.setUint32(13, crc, true);
}

export function readBlockHeader(source: Uint8Array, header: BlockHeader): void {
  header.codec = source[0]!;
  header.rawBytes = uint32At(source, 1);
  header.storedBytes = uint32At(source, 5);
  header.records = uint32At(source, 9);
  header.crc = uint32At(source, 13);
}

/** Decides block by block whether zstd pays, from the blocks before it alone. One a writer. */
export class BlockCompressor {
  private skipNext = 0;
  private streak = 0;

  /** The compressed bytes, or undefined when the block is better stored: it must shrink by a sixteenth. */
  compress(raw: Uint8Array): Uint8Array | undefined {
    if (raw.length < COMPRESS_BYTES_MIN) return undefined;
    if (this.skipNext > 0) {
      this.skipNext--;
      return undefined;
    }
    const compressed = zlib.zstdCompressSync(raw, {
      chunkSize: Math.min(raw.length + 1024, 1024 * 1024),
      params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 },
    });
    if (compressed.length <= raw.length - raw.length / 16) {
      this.streak = 0;
      return compressed;
    }
    this.skipNext = Math.min(SKIPPED_BLOCKS_MAX, 2 ** this.streak);
    this.streak++;
    return undefined;
  }
}

/** Exactly `rawBytes` bytes. @throws an error of zlib, or RangeError when the length is another */
export function decompressBlock(stored: Uint8Array, rawBytes: number): Uint8Array {
  // A chunk one byte larger than the answer: zlib is done in one round and copies nothing.
  const raw = zlib.zstdDecompressSync(stored, { chunkSize: Math.max(rawBytes + 1, 64), maxOutputLength: rawBytes + 1 });
  if (raw.length !== rawBytes) throw new RangeError(`${raw.length} bytes instead of ${rawBytes}`);
  return raw;
}
