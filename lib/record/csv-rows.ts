import type { CsvFields } from './csv-fields.ts';

export type CsvColumnType = 'string' | 'number' | 'bigint' | 'boolean';
/** Names and types of columns, in order: `{ url: 'string', rank: 'number' }`. */
export type CsvColumns = { readonly [name: string]: CsvColumnType };
/** The record that columns make. */
export type CsvRecord<C extends CsvColumns> = { -readonly [Name in keyof C]: CsvValue<C[Name]> };
type CsvValue<T extends CsvColumnType> = T extends 'string'
  ? string
  : T extends 'number'
    ? number
    : T extends 'bigint'
      ? bigint
      : boolean;

/** Makes records of rows. One a scanner. */
export interface CsvRows<R> {
  /** The names of the object's columns, before the first row of each range when there is a header. Answers what is wrong with them. */
  setHeader(names: readonly string[]): string | undefined;
  /** @throws BadRecordError */
  make(fields: CsvFields): R;
}

/** Rows as they are. */
export class StringRows implements CsvRows<string[]> {
  setHeader(): undefined {}

  make(fields: CsvFields): string[] {
    const { count } = fields;
    const row: string[] = [];
    for (let index = 0; index < count; index++) row.push(fields.string(index));
    return row;
  }
}

/** Rows as objects by the object's own header. */
export class HeaderRows implements CsvRows<Record<string, string>> {
  private names: readonly string[] = [];
  private template: Record<string, string> = {};

  setHeader(names: readonly string[]): string | undefined {
    this.names = names;
    this.template = templateOf(names);
    return repeated(names);
  }

  make(fields: CsvFields): Record<string, string> {
    const { names } = this;
    checkCount(fields, names.length);
    // A clone has its shape at once; storing by name then changes no shape.
    const record = { ...this.template };
    for (let index = 0; index < names.length; index++) record[names[index]!] = fields.string(index);
    return record;
  }
}

/** Rows as objects by declared columns. What is not declared is neither decoded nor checked. */
export class TypedRows implements CsvRows<Record<string, unknown>> {
  private readonly names: readonly string[];
  private readonly types: readonly CsvColumnType[];
  private readonly template: Record<string, unknown>;
  /** Which field of the row each column is. */
  private places: readonly number[];
  private fieldCount: number;

  constructor(columns: CsvColumns) {
    this.names = Object.keys(columns);
    this.types = Object.values(columns);
    this.template = templateOf(this.names);
    this.places = this.names.map((_, index) => index);
    this.fieldCount = this.names.length;
  }

  setHeader(names: readonly string[]): string | undefined {
    this.places = this.names.map((name) => names.indexOf(name));
    this.fieldCount = names.length;
    const missing = this.names.find((name) => !names.includes(name));
    return missing === undefined ? repeated(names) : `the header has no column ${JSON.stringify(missing)}`;
  }

  make(fields: CsvFields): Record<string, unknown> {
    const { names, types, places } = this;
    checkCount(fields, this.fieldCount);
    const record = { ...this.template };
    for (let index = 0; index < names.length; index++) {
      const name = names[index]!;
      const place = places[index]!;
      const type = types[index];
      if (type === 'string') record[name] = fields.string(place);
      else if (type === 'number') record[name] = fields.number(place, name);
      else if (type === 'bigint') record[name] = fields.bigint(place, name);
      else record[name] = fields.boolean(place, name);
    }
    return record;
  }
}

function checkCount(fields: CsvFields, count: number): void {
  if (fields.count === count) return;
  throw fields.badRow(
    `it has ${fields.count} fields where ${count} are expected`,
    'Repair the row, or read with csv() without header and columns, which takes rows of any length.',
  );
}

/** Own properties, whatever their names: `__proto__` too. */
function templateOf(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, '']));
}

function repeated(names: readonly string[]): string | undefined {
  const name = names.find((candidate, index) => names.indexOf(candidate) !== index);
  return name === undefined ? undefined : `the header names ${JSON.stringify(name)} twice`;
}
