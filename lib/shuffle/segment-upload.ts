import type { ObjectStore, ObjectWriter } from '../ports/object-store.ts';
import type { SegmentSink } from './segment-writer.ts';

/** A segment up to this size is one PUT; a longer one is streamed. */
const WHOLE_BYTES_MAX = 32 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;

/**
 * Takes a segment's bytes synchronously and puts them in the store: whole where they fit memory, streamed otherwise.
 * Nothing is in the store under `key` before `complete`.
 */
export class SegmentUpload implements SegmentSink {
  bytes = 0;
  private readonly store: ObjectStore;
  private readonly key: string;
  private chunks: Uint8Array[] = [];
  private last = new Uint8Array(CHUNK_BYTES);
  private lastBytes = 0;
  private writer: ObjectWriter | undefined;

  constructor(store: ObjectStore, key: string) {
    this.store = store;
    this.key = key;
  }

  append(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    for (let from = 0; from < bytes.length; ) {
      if (this.lastBytes === CHUNK_BYTES) this.nextChunk();
      const take = Math.min(bytes.length - from, CHUNK_BYTES - this.lastBytes);
      this.last.set(bytes.subarray(from, from + take), this.lastBytes);
      this.lastBytes += take;
      from += take;
    }
  }

  /** True when so much is held that the caller should `drain` before it appends more. */
  get isFull(): boolean {
    return this.chunks.length * CHUNK_BYTES >= WHOLE_BYTES_MAX;
  }

  async drain(): Promise<void> {
    if (!this.isFull) return;
    this.writer ??= await this.store.create(this.key);
    await this.writeChunks();
  }

  async complete(): Promise<void> {
    if (this.writer === undefined) {
      await this.store.put(this.key, this.whole());
      return;
    }
    this.nextChunk();
    await this.writeChunks();
    await this.writer.complete();
  }

  async abort(): Promise<void> {
    this.chunks = [];
    await this.writer?.abort();
  }

  private nextChunk(): void {
    this.chunks.push(this.last.subarray(0, this.lastBytes));
    this.last = new Uint8Array(CHUNK_BYTES);
    this.lastBytes = 0;
  }

  private async writeChunks(): Promise<void> {
    for (const chunk of this.chunks) await this.writer!.write(chunk);
    this.chunks = [];
  }

  private whole(): Uint8Array {
    const chunks = [...this.chunks, this.last.subarray(0, this.lastBytes)];
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  }
}
