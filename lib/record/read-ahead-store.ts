import { assert } from '../errors.ts';
import type { InputStore } from '../ports/input-store.ts';
import type { ObjectInfo } from '../ports/object-store.ts';
import { isReadAtOnce } from './read-range.ts';
import type { InputRange } from './reader.ts';

/** Reads at a time, the one of the range in hand included: as many as a reduce task has. */
export const READS_IN_FLIGHT_MAX = 16;
/** What S3 gives a sandbox, 75 MB/s, in the 0.1 s that it takes to a first byte: more would wait for the wire. */
export const BYTES_AHEAD_MAX = 8 * 1024 * 1024;

/**
 * An input store for a list of ranges that are read in order. While one range is read and mapped, the small objects among the next ones are
 * on their way: an object that `readRange` reads with one request is asked for by the same request, earlier, and never twice. All other reads
 * pass through. Memory: 8 MiB beside what `readRange` holds. What a read ahead throws is thrown when its range is read, or never. Must be closed.
 */
export class ReadAheadStore implements InputStore {
  readonly chunkBytes?: number;
  private readonly store: InputStore;
  private readonly ranges: readonly InputRange[];
  private index = 0;
  /** The first range that is not decided about. */
  private next = 0;
  /** What is on its way or here, by the index of its range. */
  private readonly ahead = new Map<number, Promise<Uint8Array>>();
  private bytesAhead = 0;

  constructor(store: InputStore, ranges: readonly InputRange[]) {
    this.store = store;
    this.ranges = ranges;
    if (store.chunkBytes !== undefined) this.chunkBytes = store.chunkBytes;
  }

  list(location: string): AsyncIterable<readonly ObjectInfo[]> {
    return this.store.list(location);
  }

  /** Before each range is read, in order. */
  enter(index: number): void {
    assert(index === 0 || !this.ahead.has(this.index), 'what was read ahead is used');
    this.index = index;
  }

  readRange(key: string, version: string, byteStart: number, byteEnd: number, target?: Uint8Array): Promise<Uint8Array> {
    const range = this.ranges[this.index];
    const ahead = this.ahead.get(this.index);
    const isAhead = ahead !== undefined && range?.key === key && byteStart === 0 && byteEnd === range.bytes;
    const read = isAhead ? this.take(ahead, target) : this.store.readRange(key, version, byteStart, byteEnd, target);
    this.readAhead();
    return read;
  }

  /** Waits for what is on its way. */
  async close(): Promise<void> {
    await Promise.allSettled(this.ahead.values());
    this.ahead.clear();
  }

  /** Behind the read of the range in hand, so that this one is the first. */
  private readAhead(): void {
    const end = Math.min(this.ranges.length, this.index + READS_IN_FLIGHT_MAX);
    for (this.next = Math.max(this.next, this.index + 1); this.next < end; this.next++) {
      const range = this.ranges[this.next]!;
      if (!isReadAtOnce(this.store, range)) continue;
      if (this.bytesAhead + range.bytes > BYTES_AHEAD_MAX) return;
      const bytes = this.fetch(range);
      bytes.catch(() => {}); // It is awaited when its turn comes, if it does.
      this.ahead.set(this.next, bytes);
      this.bytesAhead += range.bytes;
    }
  }

  private async fetch({ key, version, bytes }: InputRange): Promise<Uint8Array> {
    return this.store.readRange(key, version, 0, bytes);
  }

  private async take(ahead: Promise<Uint8Array>, target: Uint8Array | undefined): Promise<Uint8Array> {
    const { index } = this;
    const bytes = await ahead;
    this.ahead.delete(index);
    this.bytesAhead -= bytes.length;
    if (target === undefined) return bytes;
    target.set(bytes);
    return target.subarray(0, bytes.length);
  }
}
