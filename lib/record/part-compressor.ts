import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { ByteSink } from './byte-sink.ts';
import type { Compress } from './writer.ts';

/** Compresses one part, synchronously, in blocks of its own: what went out never changes, and memory stays at a block. */
export interface PartCompressor {
  /** Answers what is ready to be written, often nothing. The caller may reuse `bytes` once the answers are written. */
  push(bytes: Uint8Array): readonly Uint8Array[];
  /** The rest. Once; a part without bytes is still a valid compressed file. */
  end(): readonly Uint8Array[];
}

/** Raw bytes of a gzip member or a zstd frame: where a block starts depends on the bytes alone, not on how they were pushed. */
const BLOCK_BYTES = 1024 * 1024;

export function createPartCompressor(compress: Compress): PartCompressor {
  return compress === 'none' ? new PlainPart() : new BlockPart(compress === 'gzip' ? compressGzip : compressZstd);
}

class PlainPart implements PartCompressor {
  push(bytes: Uint8Array): readonly Uint8Array[] {
    return [bytes];
  }

  end(): readonly Uint8Array[] {
    return [];
  }
}

class BlockPart implements PartCompressor {
  private readonly compressBlock: (raw: Uint8Array) => Uint8Array;
  private readonly held = new ByteSink(BLOCK_BYTES);
  private isEmpty = true;

  constructor(compressBlock: (raw: Uint8Array) => Uint8Array) {
    this.compressBlock = compressBlock;
  }

  push(bytes: Uint8Array): readonly Uint8Array[] {
    const blocks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + BLOCK_BYTES - this.held.length);
      this.held.append(bytes, at, end);
      at = end;
      if (this.held.length === BLOCK_BYTES) blocks.push(this.takeBlock());
    }
    return blocks;
  }

  end(): readonly Uint8Array[] {
    return this.held.length > 0 || this.isEmpty ? [this.takeBlock()] : [];
  }

  private takeBlock(): Uint8Array {
    const block = this.compressBlock(this.held.take());
    this.held.length = 0;
    this.isEmpty = false;
    return block;
  }
}

function compressGzip(raw: Uint8Array): Uint8Array {
  return gzipSync(raw);
}

function compressZstd(raw: Uint8Array): Uint8Array {
  return zstdCompressSync(raw, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
}
