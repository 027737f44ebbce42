import { InvalidOptionError, RefoldError } from '../errors.ts';
import type { ByteSink } from './byte-sink.ts';
import type { Reader } from './reader.ts';
import { showValue } from './show-value.ts';

export type Compress = 'none' | 'gzip' | 'zstd';

/** How output pairs become bytes. Made by `tsv()` and its like. Stateless but for `open`. */
export type Writer = {
  readonly kind: 'writer';
  readonly name: string;
  /** Of a part's file name, with the compression's: `.tsv`, `.csv.gz`. */
  readonly extension: string;
  readonly compress: Compress;
  open(): RecordFormatter;
};

/** One an attempt. Appends one record's bytes, before compression. A throw leaves the sink as it was. @throws UnwritableRecordError */
export interface RecordFormatter {
  /** Written once at the start of each part: a CSV header. */
  begin(sink: ByteSink): void;
  format(key: unknown, value: unknown, sink: ByteSink): void;
  /** The same from encoded key and value (key-encoder, value-encoder), without decoding where bytes can be copied. */
  formatEncoded(
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
    sink: ByteSink,
  ): void;
}

/** A format is one value for both directions. */
export type Format<R> = Reader<R> & { readonly writer: Writer };

export type WriterOptions = {
  /** Each part is a sequence of gzip members or zstd frames, which every tool reads as one. @default none */
  readonly compress?: 'gzip' | 'zstd' | undefined;
};

export const WRITER_OPTIONS: readonly (keyof WriterOptions)[] = ['compress'];

/** The one place that makes a writer. @throws InvalidOptionError */
export function makeWriter(name: string, extension: string, options: WriterOptions, open: () => RecordFormatter): Writer {
  const { compress = 'none' } = options;
  if (compress !== 'none' && compress !== 'gzip' && compress !== 'zstd') {
    throw new InvalidOptionError({ option: `${name}({ compress })`, value: String(compress), rule: "'gzip' or 'zstd'" });
  }
  const suffix = { none: '', gzip: '.gz', zstd: '.zst' }[compress];
  return { kind: 'writer', name, extension: `.${extension}${suffix}`, compress, open };
}

/** An output record that the writer has no exact form for. */
export class UnwritableRecordError extends RefoldError {
  override readonly name = 'UnwritableRecordError';
  readonly code = 'REFOLD_UNWRITABLE_RECORD';
  readonly retryable = false;
  readonly hint = 'Emit plain data that fits the writer, or choose another one with `output`.';
  constructor(values: { key: string; reason: string }, options?: ErrorOptions) {
    super(`The record with key ${values.key} cannot be written: ${values.reason}.`, values, options);
  }
}

/** What is wrong with a part of a record; formatters turn it into an UnwritableRecordError, which names the record. */
export class UnwritableValue extends Error {}

/** Undoes what was written of a record since `start` and says which record it was. */
export function refuseRecord(error: unknown, key: unknown, start: number, sink: ByteSink): never {
  sink.length = start;
  if (!(error instanceof UnwritableValue)) throw error;
  throw new UnwritableRecordError({ key: showValue(key), reason: error.message });
}
