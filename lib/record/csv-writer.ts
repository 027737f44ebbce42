import { InvalidOptionError } from '../errors.ts';
import type { ByteSink } from './byte-sink.ts';
import { type FieldStyle, RowFormatter } from './row-formatter.ts';
import { appendUtf8 } from './utf8.ts';
import { makeWriter, UnwritableValue, type Writer, type WriterOptions } from './writer.ts';

export type CsvWriterOptions = WriterOptions & {
  /** One ASCII character. @default ',' */
  readonly delimiter?: string | undefined;
  /** One ASCII character, doubled inside a quoted field; false when a field that needs it is an error. @default '"' */
  readonly quote?: string | false | undefined;
  /** The first row of each part: these names, or with true those of `columns`. Written only where there are names. @default false */
  readonly header?: boolean | readonly string[] | undefined;
  readonly columns?: Readonly<Record<string, unknown>> | undefined;
};

/**
 * The columns of `tsv()` by RFC 4180, lines ending in LF. A field is quoted when it holds a delimiter, a quote or a line end, when it is empty
 * text, or begins with a byte order mark; null is an empty field without quotes. A row that would be an empty line is `""`.
 */
export function csvWriter(options: CsvWriterOptions = {}): Writer {
  const { delimiter = ',', quote = '"', header = false, columns } = options;
  const quoteByte = quote === false ? -1 : asciiByte('quote', quote);
  const delimiterByte = asciiByte('delimiter', delimiter);
  if (quoteByte === delimiterByte) {
    throw new InvalidOptionError({
      option: 'csv({ delimiter })',
      value: JSON.stringify(delimiter),
      rule: 'another character than the quote',
    });
  }
  const names = Array.isArray(header) ? (header as readonly string[]) : header === true ? Object.keys(columns ?? {}) : [];
  return makeWriter('csv', 'csv', options, () => new RowFormatter(new CsvStyle(delimiterByte, quoteByte, names)));
}

/** What numbers, booleans and dates are made of. */
const IN_SCALARS = /[0-9a-zA-Z+:.-]/;

class CsvStyle implements FieldStyle {
  readonly delimiter: number;
  readonly quotesScalars: boolean;
  private readonly quote: number;
  private readonly names: readonly string[];
  /** 1 for a byte that makes a field be quoted. */
  private readonly special = new Uint8Array(256);

  constructor(delimiter: number, quote: number, names: readonly string[]) {
    this.delimiter = delimiter;
    this.quote = quote;
    this.names = names;
    this.quotesScalars = IN_SCALARS.test(String.fromCharCode(delimiter, Math.max(0, quote)));
    for (const byte of [0x0a, 0x0d, delimiter, quote]) if (byte >= 0) this.special[byte] = 1;
  }

  begin(sink: ByteSink): void {
    for (let index = 0; index < this.names.length; index++) {
      if (index > 0) sink.appendByte(this.delimiter);
      const start = sink.length;
      const isText = appendUtf8(this.names[index]!, sink);
      if (!isText)
        throw new InvalidOptionError({
          option: 'csv({ header })',
          value: `name ${index + 1}`,
          rule: 'text without lone surrogates',
        });
      this.finishText(start, sink);
    }
    if (this.names.length > 0) sink.appendByte(0x0a);
  }

  finishText(start: number, sink: ByteSink): void {
    const { bytes, length } = sink;
    const special = this.special;
    for (let at = start; at < length; at++) {
      if (special[bytes[at]!] === 1) {
        this.quoteField(start, sink);
        return;
      }
    }
    if (length === start || (bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf))
      this.quoteField(start, sink);
  }

  appendNull(): void {}

  finishRow(start: number, sink: ByteSink): void {
    if (sink.length === start) this.quoteField(start, sink);
  }

  private quoteField(start: number, sink: ByteSink): void {
    const quote = this.quote;
    if (quote < 0) {
      if (sink.length === start) return;
      throw new UnwritableValue('a field holds a delimiter or a line end, and there is no quote');
    }
    let quotes = 0;
    for (let at = start; at < sink.length; at++) if (sink.bytes[at] === quote) quotes++;
    sink.reserve(quotes + 2);
    const bytes = sink.bytes;
    let to = sink.length + quotes + 2;
    const end = to;
    bytes[--to] = quote;
    for (let at = sink.length - 1; at >= start; at--) {
      const byte = bytes[at]!;
      bytes[--to] = byte;
      if (byte === quote) bytes[--to] = quote;
    }
    bytes[start] = quote;
    sink.length = end;
  }
}

function asciiByte(option: string, character: string): number {
  const byte = character.length === 1 ? character.charCodeAt(0) : 0x80;
  if (byte >= 0x80 || byte === 0x0a || byte === 0x0d) {
    throw new InvalidOptionError({ option: `csv({ ${option} })`, value: JSON.stringify(character), rule: 'one ASCII character' });
  }
  return byte;
}
