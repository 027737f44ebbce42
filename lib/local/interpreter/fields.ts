import { InvalidMachineError } from './machine-error.ts';

/** Reads the fields of one object of a definition, strictly: a field that nobody asked for is an error at `end`. */
export class Fields {
  readonly where: string;
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #asked = new Set<string>();

  constructor(where: string, value: unknown, field = 'definition') {
    this.where = where;
    if (!isObject(value)) throw new InvalidMachineError({ where, field, reason: 'not an object' });
    this.#object = value;
  }

  has(field: string): boolean {
    return this.#object[field] !== undefined;
  }

  /** Undefined when it is not there; null is a value. */
  value(field: string): unknown {
    this.#asked.add(field);
    return this.#object[field];
  }

  optionalString(field: string): string | undefined {
    const value = this.value(field);
    if (value !== undefined && typeof value !== 'string') this.refuse(field, 'not a string');
    return value as string | undefined;
  }

  string(field: string): string {
    return this.optionalString(field) ?? this.refuse(field, 'missing');
  }

  oneOf<T extends string>(field: string, known: readonly T[]): T {
    const value = this.string(field);
    return known.find((each) => each === value) ?? this.refuse(field, `${value} is not known, only ${known.join(', ')}`);
  }

  optionalNumber(field: string, range: { min: number; max: number; whole: boolean }): number | undefined {
    const value = this.value(field);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !(value >= range.min && value <= range.max) || (range.whole && !Number.isInteger(value))) {
      this.refuse(field, `not a ${range.whole ? 'whole ' : ''}number from ${range.min} to ${range.max}`);
    }
    return value;
  }

  optionalArray(field: string): readonly unknown[] | undefined {
    const value = this.value(field);
    if (value !== undefined && !(Array.isArray(value) && value.length > 0)) this.refuse(field, 'not a list with something in it');
    return value as readonly unknown[] | undefined;
  }

  /** To be called once everything known has been asked for. */
  end(): void {
    for (const field of Object.keys(this.#object)) {
      if (!this.#asked.has(field)) this.refuse(field, 'a field that the interpreter does not support here');
    }
  }

  refuse(field: string, reason: string): never {
    throw new InvalidMachineError({ where: this.where, field, reason });
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
