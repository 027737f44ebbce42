import type { ByteSink } from './byte-sink.ts';
import { appendAscii } from './number-text.ts';
import { checkOptionNames } from './option-names.ts';
import { type FieldStyle, RowFormatter } from './row-formatter.ts';
import { makeWriter, WRITER_OPTIONS, type Writer, type WriterOptions } from './writer.ts';

/**
 * Lines of tab-separated columns: the key's, then the value's. A tuple is one column an element, an object is JSON. In text and bytes tab,
 * newline, CR and backslash are `\t \n \r \\`; null is `\N`; bytes are otherwise written as they are.
 */
export function tsv(options: WriterOptions = {}): Writer {
  checkOptionNames('tsv()', options, WRITER_OPTIONS);
  return makeWriter('tsv', 'tsv', options, () => new RowFormatter(tsvStyle));
}

const BACKSLASH = 0x5c;
/** The letter after the backslash, by byte, or 0. */
const ESCAPES = new Uint8Array(256);
ESCAPES[0x09] = 0x74;
ESCAPES[0x0a] = 0x6e;
ESCAPES[0x0d] = 0x72;
ESCAPES[BACKSLASH] = BACKSLASH;

export const tsvStyle: FieldStyle = {
  delimiter: 0x09,
  quotesScalars: false,

  finishText(start: number, sink: ByteSink): void {
    const written = sink.bytes;
    let escapes = 0;
    for (let at = start; at < sink.length; at++) if (ESCAPES[written[at]!] !== 0) escapes++;
    if (escapes === 0) return;
    sink.reserve(escapes);
    const bytes = sink.bytes;
    let to = sink.length + escapes;
    for (let at = sink.length - 1; to > at + 1; at--) {
      const letter = ESCAPES[bytes[at]!]!;
      bytes[--to] = letter === 0 ? bytes[at]! : letter;
      if (letter !== 0) bytes[--to] = BACKSLASH;
    }
    sink.length += escapes;
  },

  appendNull(sink: ByteSink): void {
    appendAscii('\\N', sink);
  },

  finishRow(): void {},
  begin(): void {},
};
