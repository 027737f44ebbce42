import { jsonlReader } from './jsonl-reader.ts';
import { jsonlWriter } from './jsonl-writer.ts';
import { checkOptionNames } from './option-names.ts';
import { type Format, WRITER_OPTIONS, type WriterOptions } from './writer.ts';

/** A JSON value a line. As output `{"key":…,"value":…}`. `T` is your word for what the lines hold: nothing checks it. */
export function jsonl<T = unknown>(options: WriterOptions = {}): Format<T> {
  checkOptionNames('jsonl()', options, WRITER_OPTIONS);
  return { ...jsonlReader<T>(), writer: jsonlWriter(options) };
}
