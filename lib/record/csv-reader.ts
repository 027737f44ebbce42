import { InvalidOptionError } from '../errors.ts';
import {
  type CsvColumns,
  type CsvColumnType,
  type CsvRecord,
  type CsvRows,
  HeaderRows,
  StringRows,
  TypedRows,
} from './csv-rows.ts';
import { CsvScanner, type CsvShape } from './csv-scanner.ts';
import type { Reader } from './reader.ts';
import { checkEncoding, type TextEncoding } from './text-encoding.ts';

/** How the bytes of a CSV file are laid out. */
export type CsvDialect = {
  /** One ASCII character. @default ',' */
  readonly delimiter?: string;
  /** One ASCII character, doubled inside a quoted field; false when no character quotes. @default '"' */
  readonly quote?: string | false;
  /** @default 'utf-8' */
  readonly encoding?: TextEncoding;
  /** A longer field is an error. A range looks at most this far back to find out whether it starts inside quotes. @default 1 MiB */
  readonly maxFieldBytes?: number;
};

export type CsvReaderOptions = CsvDialect & {
  /** The first row of each object names its columns and is no record. @default false */
  readonly header?: boolean;
  /** The columns to take and their types: by name when there is a header, else all columns in their order. */
  readonly columns?: CsvColumns;
};

/**
 * Rows by RFC 4180, strictly: a quoted field may hold delimiters, newlines and doubled quotes; a quote anywhere else is an error. LF and CRLF
 * end a row, a lone CR is data. Empty lines are no records. Without `header` and `columns` a record is a `string[]` of however many fields
 * the row has; otherwise rows must have as many fields as there are columns. Every error names the row's position.
 */
export function csvReader(options?: CsvDialect & { readonly header?: false; readonly columns?: never }): Reader<string[]>;
export function csvReader(
  options: CsvDialect & { readonly header: true; readonly columns?: never },
): Reader<Record<string, string>>;
export function csvReader<const C extends CsvColumns>(
  options: CsvDialect & { readonly header?: boolean; readonly columns: C },
): Reader<CsvRecord<C>>;
export function csvReader(options: CsvReaderOptions = {}): Reader<unknown> {
  const { header = false, columns } = options;
  const shape = resolveShape(options);
  if (columns !== undefined) checkColumns(columns);
  const openRows = (): CsvRows<unknown> => {
    if (columns !== undefined) return new TypedRows(columns);
    return header ? new HeaderRows() : new StringRows();
  };
  return { kind: 'reader', name: 'csv', cuts: 'ranges', open: () => new CsvScanner(shape, openRows(), header) };
}

function resolveShape(options: CsvDialect): CsvShape {
  const { delimiter = ',', quote = '"', encoding = 'utf-8', maxFieldBytes = MAX_FIELD_BYTES } = options;
  checkEncoding(encoding);
  const delimiterByte = asciiByte('delimiter', delimiter);
  const quoteByte = quote === false ? NO_QUOTE : asciiByte('quote', quote);
  if (delimiterByte === quoteByte) {
    throw new InvalidOptionError({
      option: 'delimiter',
      value: JSON.stringify(delimiter),
      rule: 'another character than the quote',
    });
  }
  if (!Number.isSafeInteger(maxFieldBytes) || maxFieldBytes < 1) {
    throw new InvalidOptionError({ option: 'maxFieldBytes', value: String(maxFieldBytes), rule: 'a whole number from 1' });
  }
  return { delimiter: delimiterByte, quote: quoteByte, encoding, maxFieldBytes };
}

function asciiByte(option: string, character: string): number {
  const code = character.charCodeAt(0);
  if (character.length !== 1 || code === 0 || code >= 0x80 || character === '\n' || character === '\r') {
    throw new InvalidOptionError({ option, value: JSON.stringify(character), rule: 'one ASCII character that ends no line' });
  }
  return code;
}

function checkColumns(columns: CsvColumns): void {
  for (const [name, type] of Object.entries(columns)) {
    if (!COLUMN_TYPES.includes(type)) {
      throw new InvalidOptionError({
        option: `columns.${name}`,
        value: JSON.stringify(type),
        rule: `one of ${COLUMN_TYPES.join(', ')}`,
      });
    }
  }
  if (Object.keys(columns).length === 0)
    throw new InvalidOptionError({ option: 'columns', value: '{}', rule: 'at least one column' });
}

const COLUMN_TYPES: readonly CsvColumnType[] = ['string', 'number', 'bigint', 'boolean'];
const MAX_FIELD_BYTES = 1024 * 1024;
/** No byte has this value. */
const NO_QUOTE = -1;
