import { checkOptionNames } from './option-names.ts';
import { type FieldStyle, RowFormatter } from './row-formatter.ts';
import { makeWriter, WRITER_OPTIONS, type Writer, type WriterOptions } from './writer.ts';

/**
 * The value alone on a line. Text and bytes are written as they are, line ends included; the columns of a tuple are separated by tabs, an
 * object is JSON, null and undefined are an empty line.
 */
export function text(options: WriterOptions = {}): Writer {
  checkOptionNames('text()', options, WRITER_OPTIONS);
  return makeWriter('text', 'txt', options, () => new RowFormatter(textStyle, 'value'));
}

const textStyle: FieldStyle = {
  delimiter: 0x09,
  quotesScalars: false,
  finishText(): void {},
  appendNull(): void {},
  finishRow(): void {},
  begin(): void {},
};
