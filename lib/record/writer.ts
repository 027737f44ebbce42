import type { ByteSink } from './byte-sink.ts';

/** How output pairs become bytes. Made by `tsv()` and its like. Stateless but for `open`. */
export type Writer = {
  readonly kind: 'writer';
  readonly name: string;
  /** Of a part's file name, with the compression's: `.tsv`, `.csv.gz`. */
  readonly extension: string;
  readonly compress: 'none' | 'gzip' | 'zstd';
  open(): RecordFormatter;
};

/** One an attempt. Appends one record's bytes, before compression. @throws UnwritableRecordError */
export interface RecordFormatter {
  /** Written once at the start of each part: a CSV header. */
  begin(sink: ByteSink): void;
  format(key: unknown, value: unknown, sink: ByteSink): void;
  /** The same from encoded key and value (key-codec, value-codec), without decoding where bytes can be copied. */
  formatEncoded(keyBytes: Uint8Array, keyStart: number, keyEnd: number, valueBytes: Uint8Array, valueStart: number, valueEnd: number, sink: ByteSink): void;
}

/** A format is one value for both directions. */
export type Format<R> = import('./reader.ts').Reader<R> & { readonly writer: Writer };
