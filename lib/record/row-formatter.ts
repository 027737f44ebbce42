import type { ByteSink } from './byte-sink.ts';
import { appendJson, isoDate } from './json-text.ts';
import { decodeKey } from './key-decoder.ts';
import { KEY_TAG_BYTES, KEY_TAG_STRING } from './key-format.ts';
import { appendAscii, appendNumber } from './number-text.ts';
import { Slice } from './slice.ts';
import { appendUtf8 } from './utf8.ts';
import { decodeNumber, decodeValue, isNumber } from './value-decoder.ts';
import { textStart } from './value-format.ts';
import { type RecordFormatter, refuseRecord, UnwritableValue } from './writer.ts';

/** What a table format makes of one field. */
export interface FieldStyle {
  /** Between fields. */
  readonly delimiter: number;
  /** True when numbers, dates and the like may hold a byte that needs quoting, such as a delimiter `-`. */
  readonly quotesScalars: boolean;
  /** Quotes or escapes in place what was written from `start` on: a field of text or bytes, perhaps empty. */
  finishText(start: number, sink: ByteSink): void;
  appendNull(sink: ByteSink): void;
  /** Called with the row's start before its line feed. */
  finishRow(start: number, sink: ByteSink): void;
  begin(sink: ByteSink): void;
}

/**
 * Rows of fields: the key's columns unless only the value is wanted, then the value's. A tuple is one column an element, undefined alone is none; in a column an object,
 * array, Map or Set is JSON, a date ISO 8601, a bigint its digits, bytes are written as they are.
 */
export class RowFormatter implements RecordFormatter {
  private readonly style: FieldStyle;
  private readonly hasKey: boolean;
  /** True before the first column of a row. */
  private isFirst = true;

  constructor(style: FieldStyle, columns: 'key-and-value' | 'value' = 'key-and-value') {
    this.style = style;
    this.hasKey = columns === 'key-and-value';
  }

  begin(sink: ByteSink): void {
    this.style.begin(sink);
  }

  format(key: unknown, value: unknown, sink: ByteSink): void {
    const start = sink.length;
    this.isFirst = true;
    try {
      if (this.hasKey) this.appendColumns(key, sink);
      this.appendColumns(value, sink);
    } catch (error) {
      refuseRecord(error, key, start, sink);
    }
    this.endRow(start, sink);
  }

  formatEncoded(
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
    sink: ByteSink,
  ): void {
    const start = sink.length;
    const tag = keyBytes[keyStart];
    this.isFirst = true;
    try {
      if (this.hasKey) {
        if (tag === KEY_TAG_STRING || tag === KEY_TAG_BYTES) this.appendText(keyBytes, keyStart + 1, keyEnd, sink);
        else this.appendColumns(decodeKey(keyBytes, keyStart, keyEnd), sink);
      }
      this.appendEncodedValue(valueBytes, valueStart, valueEnd, sink);
    } catch (error) {
      refuseRecord(error, decodeKey(keyBytes, keyStart, keyEnd), start, sink);
    }
    this.endRow(start, sink);
  }

  private appendEncodedValue(bytes: Uint8Array, start: number, end: number, sink: ByteSink): void {
    if (isNumber(bytes, start)) {
      this.appendScalar(decodeNumber(bytes, start), sink);
      return;
    }
    const text = textStart(bytes, start);
    if (text > 0) this.appendText(bytes, text, end, sink);
    else this.appendColumns(decodeValue(bytes, start, end), sink);
  }

  private appendColumns(value: unknown, sink: ByteSink): void {
    if (Array.isArray(value)) for (const element of value) this.appendColumn(element, sink);
    else if (value !== undefined) this.appendColumn(value, sink);
  }

  private appendColumn(value: unknown, sink: ByteSink): void {
    if (value instanceof Slice) {
      this.appendText(value.bytes, value.byteStart, value.byteEnd, sink);
      return;
    }
    if (value instanceof Uint8Array) {
      this.appendText(value, 0, value.length, sink);
      return;
    }
    if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
      this.appendScalar(value, sink);
      return;
    }
    if (value instanceof Date) {
      this.appendScalar(isoDate(value), sink);
      return;
    }
    this.appendDelimiter(sink);
    const start = sink.length;
    if (typeof value === 'string') {
      if (!appendUtf8(value, sink)) throw new UnwritableValue('it holds a string with a lone surrogate');
      this.style.finishText(start, sink);
    } else if (value === null || value === undefined) {
      this.style.appendNull(sink);
    } else {
      appendJson(value, sink);
      this.style.finishText(start, sink);
    }
  }

  private appendScalar(value: number | bigint | boolean | string, sink: ByteSink): void {
    this.appendDelimiter(sink);
    const start = sink.length;
    if (typeof value === 'number') appendNumber(value, sink);
    else appendAscii(String(value), sink);
    if (this.style.quotesScalars) this.style.finishText(start, sink);
  }

  private appendText(bytes: Uint8Array, start: number, end: number, sink: ByteSink): void {
    this.appendDelimiter(sink);
    const from = sink.length;
    sink.append(bytes, start, end);
    this.style.finishText(from, sink);
  }

  private appendDelimiter(sink: ByteSink): void {
    if (this.isFirst) this.isFirst = false;
    else sink.appendByte(this.style.delimiter);
  }

  private endRow(start: number, sink: ByteSink): void {
    this.style.finishRow(start, sink);
    sink.appendByte(0x0a);
  }
}
