import { createGunzip, createZstdDecompress } from 'node:zlib';
import { assert, CorruptInputError, RefoldError } from '../errors.ts';
import type { InputStore } from '../ports/input-store.ts';
import type { ByteStream, StoredObject } from './byte-stream.ts';

export type Compression = 'gzip' | 'zstd';

/** By the magic bytes at an object's start, of which four are enough. */
export function detectCompression(firstBytes: Uint8Array): 'none' | Compression {
  const [a, b, c, d] = firstBytes;
  if (a === 0x1f && b === 0x8b && c === 0x08) return 'gzip';
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return 'zstd';
  // A skippable frame, with which parallel compressors begin.
  if (a !== undefined && (a & 0xf0) === 0x50 && b === 0x2a && c === 0x4d && d === 0x18) return 'zstd';
  return 'none';
}

/**
 * The bytes that a gzip or zstd object holds, through all of its members or frames. At most a few hundred KiB lie unpacked and unread at any
 * time, whatever the ratio. Zeros after the last gzip member are padding, as gzip(1) has it.
 * @throws CorruptInputError for data that is damaged, cut short, or followed by anything else; `byte` counts in the stored object
 */
export class UnpackedBytes implements ByteStream {
  private readonly chunks: AsyncGenerator<Uint8Array, void>;
  private chunk: Uint8Array = EMPTY;

  /** @param head the object's first bytes, so that they are not read twice */
  constructor(input: InputStore, object: StoredObject, compression: Compression, head: Uint8Array) {
    this.chunks = unpack(new PackedBytes(input, object, head), object, compression);
  }

  async read(target: Uint8Array, start: number, end: number): Promise<number> {
    let at = start;
    while (at < end) {
      if (this.chunk.length === 0) {
        const { done, value } = await this.chunks.next();
        if (done) break;
        this.chunk = value;
      }
      const count = Math.min(this.chunk.length, end - at);
      target.set(this.chunk.subarray(0, count), at);
      this.chunk = this.chunk.subarray(count);
      at += count;
    }
    return at - start;
  }

  async close(): Promise<void> {
    await this.chunks.return();
  }
}

/**
 * Node's streams stop after a zstd frame, and after a gzip member that zeros follow, and drop the rest without a word. So each is asked how
 * far it came, and another one goes on from there.
 */
async function* unpack(packed: PackedBytes, object: StoredObject, compression: Compression): AsyncGenerator<Uint8Array, void> {
  for (let position = 0; position < object.bytes; ) {
    if (position > 0) {
      if (compression === 'gzip' && (await isPadding(packed, position, object.bytes))) return;
      if (detectCompression(await packed.readHead(position)) !== compression) {
        throw new CorruptInputError({
          object: object.key,
          byte: position,
          reason: `what follows the ${compression} data here, counted in the compressed file, is none`,
        });
      }
    }
    position += yield* unpackOne(packed, object, compression, position);
  }
}

/** Unpacks until the decompressor ends; answers how many stored bytes it took. */
async function* unpackOne(
  packed: PackedBytes,
  object: StoredObject,
  compression: Compression,
  start: number,
): AsyncGenerator<Uint8Array, number> {
  const engine =
    compression === 'gzip' ? createGunzip({ chunkSize: OUTPUT_BYTES }) : createZstdDecompress({ chunkSize: OUTPUT_BYTES });
  let isStopped = false;
  let wake = () => {};
  const feed = async () => {
    for (let position = start; !isStopped; ) {
      const bytes = await packed.read(position);
      if (isStopped) return;
      if (bytes.length === 0) {
        engine.end();
        return;
      }
      const piece = bytes.subarray(0, PIECE_BYTES);
      position += piece.length;
      // An engine that ends within the piece never calls back, but closes.
      await new Promise<void>((resolve) => {
        wake = resolve;
        engine.write(piece, () => resolve());
      });
    }
  };
  engine.on('error', () => {}); // Errors come out of the loop below; one that is emitted after it is of no interest.
  engine.once('close', () => wake());
  const feeding = feed().catch((error) => {
    engine.destroy(error);
  });
  try {
    yield* engine;
  } catch (error) {
    throw toCorruptInput(error, object, compression, start + engine.bytesWritten);
  } finally {
    isStopped = true;
    engine.destroy();
    await feeding;
  }
  assert(engine.bytesWritten > 0, 'a decompressor that ends has taken at least a header');
  return engine.bytesWritten;
}

function toCorruptInput(error: unknown, object: StoredObject, compression: Compression, position: number): unknown {
  if (error instanceof RefoldError || !(error instanceof Error)) return error;
  const isCut = 'code' in error && error.code === 'Z_BUF_ERROR';
  const reason = isCut
    ? `the ${compression} data is cut short: the file ends before its data does`
    : `the ${compression} data is damaged about here, counted in the compressed file (${error.message})`;
  return new CorruptInputError({ object: object.key, byte: isCut ? object.bytes : position, reason }, { cause: error });
}

/** Whether all bytes from `position` on are zeros. */
async function isPadding(packed: PackedBytes, position: number, byteEnd: number): Promise<boolean> {
  for (let at = position; at < byteEnd; ) {
    const bytes = await packed.read(at);
    if (bytes.some((byte) => byte !== 0)) return false;
    at += bytes.length;
  }
  return true;
}

/** A stored object's bytes, a chunk in hand and the next one on its way. */
class PackedBytes {
  private readonly input: InputStore;
  private readonly object: StoredObject;
  private chunk: Uint8Array;
  private chunkStart = 0;
  private ahead: { readonly start: number; readonly bytes: Promise<Uint8Array> } | undefined = undefined;

  constructor(input: InputStore, object: StoredObject, head: Uint8Array) {
    this.input = input;
    this.object = object;
    this.chunk = head;
  }

  /** Bytes from `position` on, as many as there are in hand and at least one, but none at the end. Positions may go back within the chunk. */
  async read(position: number): Promise<Uint8Array> {
    const chunkEnd = this.chunkStart + this.chunk.length;
    if (position < this.chunkStart || position >= chunkEnd) {
      if (position >= this.object.bytes) return EMPTY;
      this.chunk = await (this.ahead?.start === position ? this.ahead.bytes : this.fetch(position));
      this.chunkStart = position;
      this.ahead = undefined;
    }
    this.readAhead(this.chunkStart + this.chunk.length);
    return this.chunk.subarray(position - this.chunkStart);
  }

  /** The first four bytes from `position` on. */
  async readHead(position: number): Promise<Uint8Array> {
    const head = await this.read(position);
    if (head.length >= 4 || position + head.length >= this.object.bytes) return head;
    return this.input.readRange(this.object.key, this.object.version, position, Math.min(position + 4, this.object.bytes));
  }

  private readAhead(position: number): void {
    if (this.ahead !== undefined || position >= this.object.bytes) return;
    this.ahead = { start: position, bytes: this.fetch(position) };
    this.ahead.bytes.catch(() => {}); // It is awaited when its turn comes, if it does.
  }

  private fetch(position: number): Promise<Uint8Array> {
    const { key, version, bytes } = this.object;
    return this.input.readRange(key, version, position, Math.min(position + (this.input.chunkBytes ?? CHUNK_BYTES), bytes));
  }
}

const EMPTY = new Uint8Array(0);
const CHUNK_BYTES = 1024 * 1024;
/** What a decompressor is given at a time: errors are known to lie within it. */
const PIECE_BYTES = 64 * 1024;
const OUTPUT_BYTES = 256 * 1024;
