import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';

const BUFFER_BYTES = 1 << 20;
const ROW_BYTES_MAX = 4096;

/** What a generator wrote. */
export type Written = { readonly bytes: number; readonly rows: number; readonly sha256: string };

/** Composes rows in one reused buffer and writes them to a file: a generator's only output. Rows are shorter than 4 KiB. */
export class RowWriter {
  private readonly bytes = new Uint8Array(BUFFER_BYTES);
  private at = 0;
  private bytesFlushed = 0;
  private rows = 0;
  private readonly hash: Hash = createHash('sha256');
  private readonly file: number;

  constructor(path: string) {
    this.file = openSync(path, 'w');
  }

  get bytesWritten(): number {
    return this.bytesFlushed + this.at;
  }

  text(piece: Uint8Array): void {
    this.part(piece, 0, piece.length);
  }

  /** Pieces are a few bytes, and a loop is faster than `set` for those. */
  part(piece: Uint8Array, start: number, end: number): void {
    const { bytes } = this;
    let { at } = this;
    for (let from = start; from < end; from++) bytes[at++] = piece[from]!;
    this.at = at;
  }

  byte(value: number): void {
    this.bytes[this.at++] = value;
  }

  /** A whole number >= 0, with leading zeros up to `width` digits. */
  digits(value: number, width = 1): void {
    let end = this.at + width;
    for (let limit = 10 ** width; limit <= value; limit *= 10) end++;
    let rest = value;
    for (let at = end - 1; at >= this.at; at--) {
      const tens = Math.floor(rest / 10);
      this.bytes[at] = 48 + rest - tens * 10;
      rest = tens;
    }
    this.at = end;
  }

  endRow(): void {
    this.byte(10);
    this.rows++;
    if (this.at > BUFFER_BYTES - ROW_BYTES_MAX) this.flush();
  }

  close(): Written {
    this.flush();
    closeSync(this.file);
    return { bytes: this.bytesFlushed, rows: this.rows, sha256: this.hash.digest('hex') };
  }

  private flush(): void {
    const whole = this.bytes.subarray(0, this.at);
    this.hash.update(whole);
    for (let from = 0; from < whole.length; ) from += writeSync(this.file, whole, from);
    this.bytesFlushed += this.at;
    this.at = 0;
  }
}

const encoder = new TextEncoder();

export function asciiBytes(texts: readonly string[]): readonly Uint8Array[] {
  return texts.map((text) => encoder.encode(text));
}
