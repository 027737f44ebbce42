import { ByteSink } from '../record/byte-sink.ts';
import { encodeKey } from '../record/key-encoder.ts';

/** Keys kept of one split at most: boundaries between 10,000 partitions want no more of each of 64 splits. */
const KEYS_MAX = 4096;
/** Encoded bytes kept of one split at most. */
const KEPT_BYTES_MAX = 256 * 1024;

/**
 * Every k-th key of those added, with k doubled whenever the sample is full: at most `keysMax` keys of `bytesMax` bytes, spread evenly, and
 * the same for the same keys. Long keys thin it sooner; one key at least is kept.
 */
export class KeySample {
  /** Encoded bytes of all keys added, kept or not. */
  addedBytes = 0;
  private readonly keysMax: number;
  private readonly bytesMax: number;
  private readonly sink = new ByteSink();
  private readonly arena = new ByteSink();
  private ends: number[] = [];
  private added = 0;
  private step = 1;

  constructor(keysMax: number = KEYS_MAX, bytesMax: number = KEPT_BYTES_MAX) {
    this.keysMax = keysMax;
    this.bytesMax = bytesMax;
  }

  /** @throws UnencodableError */
  add(key: unknown): void {
    const { sink, arena } = this;
    sink.length = 0;
    encodeKey(key, sink);
    this.addedBytes += sink.length;
    if (this.added++ % this.step !== 0) return;
    arena.append(sink.bytes, 0, sink.length);
    this.ends.push(arena.length);
    while (this.ends.length > 1 && (this.ends.length > this.keysMax || arena.length > this.bytesMax)) this.thin();
  }

  /** Views that are valid while nothing is added. */
  keys(): readonly Uint8Array[] {
    return this.ends.map((end, index) => this.arena.bytes.subarray(this.ends[index - 1] ?? 0, end));
  }

  /** Drops every other key. */
  private thin(): void {
    const { arena, ends } = this;
    const kept: number[] = [];
    let to = 0;
    for (let index = 0; index < ends.length; index += 2) {
      const start = ends[index - 1] ?? 0;
      arena.bytes.copyWithin(to, start, ends[index]!);
      to += ends[index]! - start;
      kept.push(to);
    }
    arena.length = to;
    this.ends = kept;
    this.step *= 2;
  }
}
