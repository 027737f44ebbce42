import { compareKeys } from '../record/compare-keys.ts';
import { columnSlots, grownIntegers } from './column.ts';

/** What `clear` keeps, so that bytesUsed does not depend on what was there before it. */
const KEPT_BYTES_MAX = 64 * 1024;

/** Byte strings by cell number in one growing buffer: what states hold that are no numbers. Replaced strings leave gaps, which go at times. */
export class CellBytes {
  /** Replaced when it grows: read it after `set`. */
  bytes = new Uint8Array(1024);
  private used = 0;
  private gaps = 0;
  /** Cells below it may be in use. */
  private cells = 0;
  private starts = new Uint32Array(columnSlots(0));
  private lengths = new Uint32Array(columnSlots(0));

  startOf(cell: number): number {
    return this.starts[cell]!;
  }

  endOf(cell: number): number {
    return this.starts[cell]! + this.lengths[cell]!;
  }

  set(cell: number, source: Uint8Array, from: number, to: number): void {
    if (cell >= this.cells) this.useCell(cell);
    const length = to - from;
    const old = this.lengths[cell]!;
    if (length <= old) {
      this.gaps += old - length;
    } else {
      this.gaps += old;
      this.lengths[cell] = 0;
      this.makeRoom(length);
      this.starts[cell] = this.used;
      this.used += length;
    }
    this.lengths[cell] = length;
    const start = this.starts[cell]!;
    const bytes = this.bytes;
    for (let index = 0; index < length; index++) bytes[start + index] = source[from + index]!;
  }

  /** As compareKeys: the cell's bytes against others. */
  compare(cell: number, others: Uint8Array, from: number, to: number): number {
    return compareKeys(this.bytes, this.starts[cell]!, this.endOf(cell), others, from, to);
  }

  compareCells(a: number, b: number): number {
    return compareKeys(this.bytes, this.starts[a]!, this.endOf(a), this.bytes, this.starts[b]!, this.endOf(b));
  }

  swap(a: number, b: number): void {
    const start = this.starts[a]!;
    const length = this.lengths[a]!;
    this.starts[a] = this.starts[b]!;
    this.lengths[a] = this.lengths[b]!;
    this.starts[b] = start;
    this.lengths[b] = length;
  }

  /** `to` holds what `from` held, `from` nothing. */
  move(from: number, to: number): void {
    if (to >= this.cells) this.useCell(to);
    this.swap(from, to);
  }

  drop(cell: number): void {
    if (cell >= this.cells) return;
    this.gaps += this.lengths[cell]!;
    this.lengths[cell] = 0;
  }

  bytesUsed(): number {
    return Math.max(this.bytes.length, KEPT_BYTES_MAX) + columnSlots(this.cells) * 8;
  }

  clear(): void {
    this.lengths.fill(0, 0, this.cells);
    this.cells = 0;
    this.used = 0;
    this.gaps = 0;
    if (this.bytes.length > KEPT_BYTES_MAX) this.bytes = new Uint8Array(1024);
  }

  private useCell(cell: number): void {
    if (cell >= this.starts.length) {
      this.starts = grownIntegers(this.starts, cell);
      this.lengths = grownIntegers(this.lengths, cell);
    }
    this.cells = cell + 1;
  }

  private makeRoom(length: number): void {
    if (this.used + length <= this.bytes.length) return;
    const live = this.used - this.gaps;
    const target = new Uint8Array(
      columnSlots(live * 2 > this.used ? (live + length) * 2 : Math.max(this.bytes.length, live + length)),
    );
    let at = 0;
    for (let cell = 0; cell < this.cells; cell++) {
      const start = this.starts[cell]!;
      target.set(this.bytes.subarray(start, start + this.lengths[cell]!), at);
      this.starts[cell] = at;
      at += this.lengths[cell]!;
    }
    this.bytes = target;
    this.used = at;
    this.gaps = 0;
  }
}
