import { type CsvDialect, type CsvReaderOptions, csvReader } from './csv-reader.ts';
import type { CsvColumns, CsvRecord } from './csv-rows.ts';
import { csvWriter } from './csv-writer.ts';
import { checkOptionNames } from './option-names.ts';
import type { Reader } from './reader.ts';
import type { Format, WriterOptions } from './writer.ts';

/**
 * Comma-separated values, by RFC 4180, as input and as output. As input a record is a `string[]`; with `header: true` an object by the file's
 * header; with `columns` a typed object. As output a pair's columns make a row; `header` may then be the names of the columns.
 */
export function csv(
  options?: CsvDialect & WriterOptions & { readonly header?: false; readonly columns?: never },
): Format<string[]>;
export function csv(
  options: CsvDialect & WriterOptions & { readonly header: readonly string[]; readonly columns?: never },
): Format<string[]>;
export function csv(
  options: CsvDialect & WriterOptions & { readonly header: true; readonly columns?: never },
): Format<Record<string, string>>;
export function csv<const C extends CsvColumns>(
  options: CsvDialect & WriterOptions & { readonly header?: boolean; readonly columns: C },
): Format<CsvRecord<C>>;
export function csv(
  options: Omit<CsvReaderOptions, 'header'> & WriterOptions & { readonly header?: boolean | readonly string[] } = {},
): Format<unknown> {
  checkOptionNames('csv()', options, OPTIONS);
  const { header = false, compress, ...dialect } = options;
  const read = csvReader as (options: CsvReaderOptions) => Reader<unknown>;
  const writer = csvWriter({ ...dialect, header, ...(compress && { compress }) });
  return { ...read({ ...dialect, header: header === true }), writer };
}

const OPTIONS = ['delimiter', 'quote', 'encoding', 'maxFieldBytes', 'header', 'columns', 'compress'];
