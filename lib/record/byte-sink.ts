/** A growing buffer: what encoders write to. `bytes` is replaced when it grows, so read it after writing. */
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
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    return this.length;
  }

  append(source: Uint8Array, start: number, end: number): void {
    const at = this.reserve(end - start);
    this.bytes.set(source.subarray(start, end), at);
    this.length += end - start;
  }

  take(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}
