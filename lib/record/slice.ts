import { Buffer } from 'node:buffer';
import { RefoldError } from '../errors.ts';
import { parseDecimal } from './decimal.ts';
import { decodeLatin1 } from './latin1.ts';
import { findBytes, findText, type NeedleMemory } from './needle-memory.ts';
import { decodeUtf8 } from './utf8.ts';

/**
 * A view of bytes in a buffer that the engine reuses: valid until the function it was handed to returns.
 * Half open: `byteStart` is in, `byteEnd` is out. All other positions count from the slice's own start.
 *
 * What `field`, `sub` and `split` answer are views too, owned and reused by this slice: `split` moves one piece along, `field` and `sub`
 * share eight. `copy()` keeps a slice, `toBytes()` and `toString()` keep its content.
 */
export class Slice {
  bytes: Uint8Array;
  byteStart: number;
  byteEnd: number;
  /** Set by a reader, which moves it along with its window; undefined for every other slice. */
  memory: NeedleMemory | undefined = undefined;
  private views: ViewRing | undefined = undefined;
  private pieces: SlicePieces | undefined = undefined;

  constructor(bytes: Uint8Array, byteStart = 0, byteEnd = bytes.length) {
    this.bytes = bytes;
    this.byteStart = byteStart;
    this.byteEnd = byteEnd;
  }

  get length(): number {
    return this.byteEnd - this.byteStart;
  }

  /**
   * The pieces between the separators, empty ones too, as `String.split` gives them: always at least one. For `for…of`; all of them are one
   * Slice, moved along, so spreading it into an array gives the last piece many times. Loops over one slice may be nested.
   */
  split(byte: number): Iterable<Slice> {
    let pieces = this.pieces;
    if (pieces === undefined || pieces.isBusy) {
      pieces = new SlicePieces();
      this.pieces = pieces;
    }
    pieces.begin(this, byte);
    return pieces;
  }

  /**
   * The field with index `n`, counted from 0. Valid until eight more calls of `field` or `sub` on this slice.
   * @throws MissingFieldError when there are fewer
   */
  field(n: number, byte: number): Slice {
    const { bytes, byteEnd } = this;
    let start = this.byteStart;
    let at = start;
    let left = n;
    for (; at < byteEnd; at++) {
      if (bytes[at] !== byte) continue;
      if (left === 0) break;
      left -= 1;
      start = at + 1;
    }
    if (left !== 0) throw new MissingFieldError({ field: n, fields: this.fieldCount(byte) });
    return this.view(start, at);
  }

  /** How many pieces `split(byte)` gives. */
  fieldCount(byte: number): number {
    const { bytes, byteEnd } = this;
    let count = 1;
    for (let at = this.byteStart; at < byteEnd; at++) if (bytes[at] === byte) count += 1;
    return count;
  }

  /** Bytes [start, end), cut at the slice's own ends. Valid until eight more calls of `field` or `sub` on this slice. */
  sub(start: number, end = this.length): Slice {
    const { byteStart, byteEnd } = this;
    const from = Math.min(byteStart + Math.max(start, 0), byteEnd);
    return this.view(from, Math.max(from, Math.min(byteStart + end, byteEnd)));
  }

  /** The byte at an index; undefined outside. */
  at(index: number): number | undefined {
    return index < 0 || index >= this.length ? undefined : this.bytes[this.byteStart + index];
  }

  /**
   * Where the first `needle` at or after `from` starts, or -1. A number is a byte value, a string its UTF-8 bytes.
   * Cheapest for a few constant strings asked of every record: the reader's window is then searched ahead, once.
   */
  indexOf(needle: string | Uint8Array | number, from = 0): number {
    const { bytes, byteStart, byteEnd, memory } = this;
    const start = Math.min(byteStart + Math.max(from, 0), byteEnd);
    let found: number;
    if (typeof needle === 'string') {
      found = memory === undefined ? findText(bytes, start, byteEnd, needle) : memory.find(start, byteEnd, needle);
    } else if (typeof needle === 'number') {
      for (found = start; found < byteEnd && bytes[found] !== needle; ) found += 1;
      if (found === byteEnd) found = -1;
    } else {
      found = findBytes(bytes, start, byteEnd, needle);
    }
    return found === -1 ? -1 : found - byteStart;
  }

  includes(needle: string | Uint8Array | number, from = 0): boolean {
    return this.indexOf(needle, from) !== -1;
  }

  /** Byte for byte; a string as its UTF-8. */
  equals(other: string | Uint8Array | Slice): boolean {
    if (typeof other === 'string') return startsWithText(this, other) === this.length;
    const length = other.length;
    return length === this.length && startsWithBytes(this, other);
  }

  startsWith(prefix: string | Uint8Array | Slice): boolean {
    return typeof prefix === 'string' ? startsWithText(this, prefix) !== -1 : startsWithBytes(this, prefix);
  }

  /** The decimal number that these bytes spell, exactly what `Number()` makes of it, blanks around it aside; NaN when they spell none. */
  toNumber(): number {
    const { bytes } = this;
    let { byteStart: start, byteEnd: end } = this;
    while (start < end && isBlank(bytes[start]!)) start += 1;
    while (end > start && isBlank(bytes[end - 1]!)) end -= 1;
    return parseDecimal(bytes, start, end);
  }

  /** In UTF-8, invalid bytes become U+FFFD; `latin1` makes every byte one character. */
  toString(encoding: 'utf-8' | 'latin1' = 'utf-8'): string {
    const { bytes, byteStart, byteEnd } = this;
    return encoding === 'latin1' ? decodeLatin1(bytes, byteStart, byteEnd) : decodeUtf8(bytes, byteStart, byteEnd);
  }

  /** A copy of the bytes, the caller's own. */
  toBytes(): Uint8Array {
    return this.bytes.slice(this.byteStart, this.byteEnd);
  }

  /** A slice of a copy of the bytes: valid for ever. */
  copy(): Slice {
    return new Slice(this.toBytes());
  }

  private view(start: number, end: number): Slice {
    this.views ??= { slices: Array.from({ length: VIEWS }, () => new Slice(this.bytes, 0, 0)), next: 0 };
    const { slices, next } = this.views;
    this.views.next = (next + 1) % VIEWS;
    const view = slices[next]!;
    view.bytes = this.bytes;
    view.byteStart = start;
    view.byteEnd = end;
    return view;
  }
}

/** The record has fewer fields than the job asks for. */
export class MissingFieldError extends RefoldError {
  override readonly name = 'MissingFieldError';
  readonly code = 'REFOLD_MISSING_FIELD';
  readonly retryable = false;
  readonly hint = 'Ask fieldCount() first if records may be short.';
  constructor(values: { field: number; fields: number }, options?: ErrorOptions) {
    super(`The record has no field ${values.field}: it has ${values.fields}, counted from 0.`, values, options);
  }
}

type ViewRing = { readonly slices: readonly Slice[]; next: number };
const VIEWS = 8;
const EMPTY = new Uint8Array(0);

/**
 * The iterator of `split`: itself the iterable, one result object, one piece, so a loop allocates nothing.
 * With a generator the words of a line come at 140 MB/s, with this at 360 (bench/readers.bench.ts).
 */
class SlicePieces implements Iterable<Slice>, Iterator<Slice> {
  /** A loop is under way; a second loop over the same slice needs pieces of its own. */
  isBusy = false;
  private readonly piece = new Slice(EMPTY);
  private readonly result: { done: boolean; value: Slice } = { done: false, value: this.piece };
  private bytes: Uint8Array = EMPTY;
  private at = 0;
  private end = 0;
  private byte = 0;

  begin(slice: Slice, byte: number): void {
    this.bytes = slice.bytes;
    this.piece.bytes = slice.bytes;
    this.at = slice.byteStart;
    this.end = slice.byteEnd;
    this.byte = byte;
    this.isBusy = true;
    this.result.done = false;
  }

  [Symbol.iterator](): Iterator<Slice> {
    return this;
  }

  next(): IteratorResult<Slice> {
    const { bytes, at, end, byte, piece } = this;
    // The last piece leaves `at` one behind the end.
    if (at > end) return this.return();
    let next = at;
    while (next < end && bytes[next] !== byte) next += 1;
    piece.byteStart = at;
    piece.byteEnd = next;
    this.at = next + 1;
    return this.result;
  }

  return(): IteratorResult<Slice> {
    this.isBusy = false;
    this.result.done = true;
    return this.result;
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function startsWithBytes(slice: Slice, prefix: Uint8Array | Slice): boolean {
  const length = prefix.length;
  if (length > slice.length) return false;
  const { bytes, byteStart } = slice;
  const other = prefix instanceof Slice ? prefix.bytes : prefix;
  const otherStart = prefix instanceof Slice ? prefix.byteStart : 0;
  for (let index = 0; index < length; index++) if (bytes[byteStart + index] !== other[otherStart + index]) return false;
  return true;
}

/** How many bytes the text takes at the slice's start, or -1 when they differ. */
function startsWithText(slice: Slice, text: string): number {
  const { bytes, byteStart, byteEnd } = slice;
  if (text.length > byteEnd - byteStart) return -1;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) {
      const prefix = Buffer.from(text);
      return startsWithBytes(slice, prefix) ? prefix.length : -1;
    }
    if (bytes[byteStart + index] !== unit) return -1;
  }
  return text.length;
}
