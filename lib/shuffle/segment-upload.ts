import { assert } from '../errors.ts';
import type { ObjectInfo, ObjectStore, ObjectWriter } from '../ports/object-store.ts';
import { ByteSink } from '../record/byte-sink.ts';
import type { SegmentSink } from './segment-writer.ts';

/** Up to here a segment is put whole, with one request. */
export const PUT_BYTES_MAX = 64 * 1024 * 1024;
/** What a larger segment waits for before its next bytes are streamed. */
const STREAM_BYTES = 8 * 1024 * 1024;

/**
 * Takes a segment to the store. `append` only buffers; the caller awaits `drain` when `isFull`, between two records at the latest
 * after each few thousand. Must be ended by `complete` or `abort`.
 */
export class SegmentUpload implements SegmentSink {
  private readonly store: ObjectStore;
  private readonly key: string;
  private buffer = new ByteSink(64 * 1024);
  private bytesMax: number;
  private writer: ObjectWriter | undefined;
  private isDraining = false;

  constructor(store: ObjectStore, key: string, putBytesMax: number = PUT_BYTES_MAX) {
    this.store = store;
    this.key = key;
    this.bytesMax = putBytesMax;
  }

  get isFull(): boolean {
    return this.buffer.length > this.bytesMax;
  }

  append(bytes: Uint8Array): void {
    assert(!this.isDraining, 'nothing is appended while the buffer is written');
    this.buffer.append(bytes, 0, bytes.length);
  }

  /** Streams what is buffered, if it is full. */
  async drain(): Promise<void> {
    if (this.isFull) await this.stream();
  }

  async complete(): Promise<ObjectInfo> {
    if (this.writer === undefined && !this.isFull) return this.store.put(this.key, this.buffer.take());
    await this.stream();
    assert(this.writer !== undefined, 'a segment that was streamed has a writer');
    return this.writer.complete();
  }

  /** Drops what was streamed. Safe to call at any time. */
  async abort(): Promise<void> {
    await this.writer?.abort();
  }

  private async stream(): Promise<void> {
    this.isDraining = true;
    this.writer ??= await this.store.create(this.key);
    await this.writer.write(this.buffer.take());
    this.isDraining = false;
    this.bytesMax = STREAM_BYTES;
    this.buffer = new ByteSink(STREAM_BYTES);
  }
}
