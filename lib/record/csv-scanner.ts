import { CsvFields } from './csv-fields.ts';
import { type CsvRows, StringRows } from './csv-rows.ts';
import { findRowStart } from './csv-start.ts';
import { NEWLINE, RETURN } from './newline.ts';
import { findLineStart, readBomLength } from './object-start.ts';
import type { RangeSource, RecordSink, Scanner, ScanWindow } from './reader.ts';
import type { TextEncoding } from './text-encoding.ts';

/** A dialect as bytes. */
export type CsvShape = {
  readonly delimiter: number;
  /** Negative when no byte quotes. */
  readonly quote: number;
  readonly encoding: TextEncoding;
  readonly maxFieldBytes: number;
};

/**
 * The RFC 4180 automaton over bytes. Where it is in an unfinished row is kept, relative to the row's start, so no byte is looked at twice
 * however often the window moves.
 */
export class CsvScanner<R> implements Scanner<R> {
  private readonly shape: CsvShape;
  private readonly rows: CsvRows<R>;
  private readonly hasHeader: boolean;
  private readonly fields: CsvFields;
  /** 1 for the bytes at which an unquoted field is looked at closely. */
  private readonly stops = new Uint8Array(256);
  /** Where the unfinished row stands: in which state, at which byte of it, and where its last field starts. */
  private state: State = PLAIN;
  private rowAt = 0;
  private fieldAt = 0;
  private isEscaped = false;

  constructor(shape: CsvShape, rows: CsvRows<R>, hasHeader: boolean) {
    this.shape = shape;
    this.rows = rows;
    this.hasHeader = hasHeader;
    this.fields = new CsvFields(shape.encoding, shape.quote);
    for (const byte of [shape.delimiter, NEWLINE]) this.stops[byte] = 1;
    if (shape.quote >= 0) this.stops[shape.quote] = 1;
  }

  async findStart(source: RangeSource, byteStart: number): Promise<number> {
    this.fields.reset();
    this.beginRow();
    const dataStart = this.hasHeader ? await this.readHeader(source) : await readBomLength(source);
    if (byteStart <= dataStart) return dataStart;
    return this.shape.quote < 0 ? findLineStart(source, byteStart) : findRowStart(source, byteStart, dataStart, this.shape);
  }

  scan(window: ScanWindow, sink: RecordSink<R>): number {
    const { limit } = window;
    const { fields, rows } = this;
    fields.moveWindow(window);
    let start = window.start;
    let goesOn = true;
    while (goesOn && start < limit) {
      const next = this.scanRow(window, start);
      if (next === INCOMPLETE) break;
      const rowStart = start;
      start = next;
      if (isEmptyLine(fields)) {
        fields.count = 0;
        continue;
      }
      fields.openRow(rowStart, next);
      const record = rows.make(fields);
      fields.count = 0;
      window.records += 1;
      goesOn = sink(record, rowStart);
    }
    return start;
  }

  /** Goes on in the row that starts at `start`, up to its end. Answers where the next row starts, or INCOMPLETE. */
  private scanRow(window: ScanWindow, start: number): number {
    const { bytes, end, isLast } = window;
    const { stops, fields } = this;
    const { delimiter, quote, maxFieldBytes } = this.shape;
    let state = this.state;
    let at = start + this.rowAt;
    let fieldStart = start + this.fieldAt;

    for (;;) {
      if (state === PLAIN) {
        while (at < end && stops[bytes[at]!] === 0) at += 1;
        if (at - fieldStart > maxFieldBytes && !isOneLonger(window, fieldStart, at, maxFieldBytes)) throw this.tooLong(start);
        if (at === end) {
          if (!isLast || at === start) break;
          fields.add(fieldStart - start, at - start, false);
          this.beginRow();
          return end;
        }
        const byte = bytes[at]!;
        if (byte === delimiter) {
          fields.add(fieldStart - start, at - start, false);
          at += 1;
          fieldStart = at;
        } else if (byte === NEWLINE) {
          const hasReturn = at > fieldStart && bytes[at - 1] === RETURN;
          fields.add(fieldStart - start, (hasReturn ? at - 1 : at) - start, false);
          this.beginRow();
          return at + 1;
        } else {
          if (at !== fieldStart) throw this.strayQuote(window, start, at);
          state = QUOTED;
          at += 1;
        }
      } else if (state === QUOTED) {
        while (at < end && bytes[at] !== quote) at += 1;
        if (at - fieldStart - 1 > maxFieldBytes) throw this.tooLong(start);
        if (at === end) {
          if (isLast) throw this.unclosed(window, start, fieldStart);
          break;
        }
        state = CLOSED;
        at += 1;
      } else {
        // Behind a quote in a quoted field: it was the closing one, or the first of two.
        if (at === end && !isLast) break;
        const byte = at === end ? NEWLINE : bytes[at]!;
        if (byte === quote) {
          this.isEscaped = true;
          state = QUOTED;
          at += 1;
          continue;
        }
        let fieldEnd = at - 1;
        if (byte === RETURN) {
          if (at + 1 === end && !isLast) break;
          if (at + 1 === end || bytes[at + 1] !== NEWLINE) throw this.strayQuote(window, start, fieldEnd);
          at += 1;
        } else if (byte !== delimiter && byte !== NEWLINE) {
          throw this.strayQuote(window, start, fieldEnd);
        }
        // An empty quoted field is told from an empty line by where it starts.
        fieldEnd -= start;
        fields.add(fieldStart + 1 - start, fieldEnd, this.isEscaped);
        this.isEscaped = false;
        at = Math.min(at + 1, end);
        if (byte !== delimiter) {
          this.beginRow();
          return at;
        }
        fieldStart = at;
        state = PLAIN;
      }
    }

    this.state = state;
    this.rowAt = at - start;
    this.fieldAt = fieldStart - start;
    return INCOMPLETE;
  }

  private beginRow(): void {
    this.state = PLAIN;
    this.rowAt = 0;
    this.fieldAt = 0;
    this.isEscaped = false;
  }

  /** Takes the column names from the object's first row. Answers where the row behind it starts. */
  private async readHeader(source: RangeSource): Promise<number> {
    const start = await readBomLength(source);
    for (let count = HEADER_BYTES; ; count *= 4) {
      const bytes = await source.read(0, count);
      const isLast = bytes.length < count;
      let names: readonly string[] | undefined;
      const window = {
        object: source.object,
        bytes,
        byteBase: 0,
        start,
        end: bytes.length,
        limit: Number.POSITIVE_INFINITY,
        isLast,
        records: 0,
      };
      const next = new CsvScanner(this.shape, new StringRows(), false).scan(window, (row) => {
        names = row;
        return false;
      });
      if (names !== undefined) {
        const wrong = this.rows.setHeader(names);
        this.fields.moveWindow(window);
        if (wrong !== undefined) throw this.fields.badRow(wrong, 'Repair the header, or read without { header: true }.', start);
        return next;
      }
      // Nothing but empty lines.
      if (isLast) return next;
    }
  }

  private strayQuote(window: ScanWindow, rowStart: number, at: number) {
    const reason = `the quote at byte ${window.byteBase + at} neither starts nor ends a field`;
    return this.fields.badRow(reason, 'Double quotes inside quoted fields, or read with { quote: false }.', rowStart);
  }

  private unclosed(window: ScanWindow, rowStart: number, at: number) {
    const reason = `the quote at byte ${window.byteBase + at} is never closed`;
    return this.fields.badRow(reason, 'Repair the row, or read with { quote: false }.', rowStart);
  }

  private tooLong(rowStart: number) {
    const reason = `a field is longer than ${this.shape.maxFieldBytes} bytes`;
    return this.fields.badRow(reason, 'Look for a quote that is never closed, or raise maxFieldBytes.', rowStart);
  }
}

/** Whether a plain field [start, end) is too long by one CR that is, or may yet be, part of its line end. */
function isOneLonger(window: ScanWindow, start: number, end: number, maxFieldBytes: number): boolean {
  const { bytes, isLast } = window;
  const isBeforeLineEnd = end === window.end ? !isLast : bytes[end] === NEWLINE;
  return end - start === maxFieldBytes + 1 && bytes[end - 1] === RETURN && isBeforeLineEnd;
}

function isEmptyLine(fields: CsvFields): boolean {
  return fields.count === 1 && fields.starts[0] === 0 && fields.ends[0] === 0;
}

type State = 0 | 1 | 2;
const PLAIN = 0;
const QUOTED = 1;
const CLOSED = 2;
const INCOMPLETE = -1;
const HEADER_BYTES = 16 * 1024;
