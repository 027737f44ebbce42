import { isAscii, isUtf8 } from 'node:buffer';
import { BadRecordError } from '../errors.ts';
import { parseDecimal } from './decimal.ts';
import { decodeLatin1 } from './latin1.ts';
import { NEWLINE } from './newline.ts';
import type { ScanWindow } from './reader.ts';
import { invalidUtf8, type TextEncoding } from './text-encoding.ts';
import { decodeUtf8 } from './utf8.ts';

/**
 * One row as the scanner found it: where its fields lie, relative to the row's start, so that the row may move while it is unfinished.
 * Reused for every row. Fields become strings by slicing a block that was decoded at once, which spares a
 * native call a field; a field that is not ASCII is decoded on its own.
 */
export class CsvFields {
  count = 0;
  /** Where each field's content starts and ends, without quotes. */
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  /** 1 where quotes are doubled in the field. */
  escaped = new Uint8Array(64);

  private readonly encoding: TextEncoding;
  private readonly quote: string;
  private window: ScanWindow | undefined = undefined;
  private bytes: Uint8Array = new Uint8Array(0);
  private byteBase = -1;
  private end = 0;
  private rowStart = 0;
  /** The decoded block, [blockStart, blockEnd) of the window. */
  private block = '';
  private blockStart = 0;
  private blockEnd = 0;
  private blockKind: 'ascii' | 'checked' | 'unchecked' = 'ascii';

  constructor(encoding: TextEncoding, quote: number) {
    this.encoding = encoding;
    this.quote = quote < 0 ? '' : String.fromCharCode(quote);
  }

  /** To be called before rows of a window are read. */
  moveWindow(window: ScanWindow): void {
    this.window = window;
    if (window.bytes === this.bytes && window.byteBase === this.byteBase && window.end === this.end) return;
    this.bytes = window.bytes;
    this.byteBase = window.byteBase;
    this.end = window.end;
    this.blockEnd = 0;
  }

  reset(): void {
    this.byteBase = -1;
    this.blockEnd = 0;
    this.count = 0;
  }

  add(start: number, end: number, isEscaped: boolean): void {
    const { count } = this;
    if (count === this.starts.length) this.grow();
    this.starts[count] = start;
    this.ends[count] = end;
    this.escaped[count] = isEscaped ? 1 : 0;
    this.count = count + 1;
  }

  /** To be called before the fields of a finished row [start, end) are asked for. */
  openRow(start: number, end: number): void {
    this.rowStart = start;
    if (start < this.blockStart || end > this.blockEnd) this.openBlock(start, end);
  }

  string(index: number): string {
    const { blockStart, rowStart } = this;
    const start = rowStart + this.starts[index]!;
    const end = rowStart + this.ends[index]!;
    let text: string;
    if (this.blockKind === 'ascii' || isAsciiIn(this.bytes, start, end))
      text = this.block.slice(start - blockStart, end - blockStart);
    else text = this.decode(start, end);
    return this.escaped[index] === 1 ? text.replaceAll(this.quote + this.quote, this.quote) : text;
  }

  number(index: number, name: string): number {
    const { bytes, rowStart } = this;
    const value = parseDecimal(bytes, rowStart + this.starts[index]!, rowStart + this.ends[index]!);
    if (Number.isNaN(value)) throw this.badField(index, name, 'a number');
    return value;
  }

  bigint(index: number, name: string): bigint {
    const text = this.string(index);
    if (!WHOLE_NUMBER.test(text)) throw this.badField(index, name, 'a whole number');
    return BigInt(text);
  }

  boolean(index: number, name: string): boolean {
    const text = this.string(index).toLowerCase();
    if (text !== 'true' && text !== 'false') throw this.badField(index, name, 'true or false');
    return text === 'true';
  }

  /** The error of the row in hand, or of the one that starts at `rowStart`. */
  badRow(reason: string, hint: string, rowStart = this.rowStart): BadRecordError {
    return new BadRecordError({ object: this.window!.object, byte: this.byteBase + rowStart, reason, hint });
  }

  private badField(index: number, name: string, wanted: string): BadRecordError {
    const shown = JSON.stringify(this.string(index).slice(0, SHOWN_LENGTH_MAX));
    return this.badRow(
      `${shown} in column ${JSON.stringify(name)} is not ${wanted}`,
      "Repair the row, or declare the column 'string' and decide yourself.",
    );
  }

  private decode(start: number, end: number): string {
    if (this.blockKind === 'unchecked' && !isUtf8(this.bytes.subarray(start, end))) {
      throw invalidUtf8(this.window!.object, this.byteBase, this.bytes, this.rowStart, start, end);
    }
    return decodeUtf8(this.bytes, start, end);
  }

  /** Decodes from a row on, up to the last line end of the next bytes, so that no character is cut. */
  private openBlock(start: number, end: number): void {
    const { bytes } = this;
    const lastNewline = bytes.lastIndexOf(NEWLINE, Math.min(this.end, start + BLOCK_BYTES) - 1);
    this.blockStart = start;
    this.blockEnd = Math.max(end, lastNewline);
    this.block = decodeLatin1(bytes, start, this.blockEnd);
    const view = bytes.subarray(start, this.blockEnd);
    if (this.encoding === 'latin1' || isAscii(view)) this.blockKind = 'ascii';
    else this.blockKind = this.encoding === 'replace' || isUtf8(view) ? 'checked' : 'unchecked';
  }

  private grow(): void {
    const { starts, ends, escaped } = this;
    this.starts = new Int32Array(starts.length * 2);
    this.ends = new Int32Array(starts.length * 2);
    this.escaped = new Uint8Array(starts.length * 2);
    this.starts.set(starts);
    this.ends.set(ends);
    this.escaped.set(escaped);
  }
}

function isAsciiIn(bytes: Uint8Array, start: number, end: number): boolean {
  let high = 0;
  for (let at = start; at < end; at++) high |= bytes[at]!;
  return high < 0x80;
}

const WHOLE_NUMBER = /^[+-]?\d+$/;
const BLOCK_BYTES = 64 * 1024;
const SHOWN_LENGTH_MAX = 40;
