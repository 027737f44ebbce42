/** A growing buffer: what encoders write to. `bytes` and `view` are replaced when it grows, so read them after `reserve`. */
export class ByteSink {
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView;
  length = 0;

  constructor(bytes = 1024) {
    this.bytes = new Uint8Array(bytes);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `more` bytes behind `length`; answers the position to write at. The caller raises `length`. */
  reserve(more: number): number {
    const needed = this.length + more;
    if (needed > this.bytes.length) this.grow(needed);
    return this.length;
  }

  append(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    const at = this.reserve(count);
    const bytes = this.bytes;
    this.length = at + count;
    if (count > COPY_LOOP_BYTES_MAX) {
      bytes.set(source.subarray(start, end), at);
      return;
    }
    for (let index = 0; index < count; index++) bytes[at + index] = source[start + index]!;
  }

  appendByte(byte: number): void {
    const at = this.reserve(1);
    this.bytes[at] = byte;
    this.length = at + 1;
  }

  /** Big-endian. */
  appendUint32(value: number): void {
    const at = this.reserve(4);
    this.view.setUint32(at, value);
    this.length = at + 4;
  }

  /** What was written, as a view: valid until the next write. */
  take(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  private grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}

/** Up to here a loop beats the two native calls of `set(subarray())`: 40 ns each pair (bench/codecs.bench.ts). */
const COPY_LOOP_BYTES_MAX = 48;
