import type { ObjectInfo } from './object-store.ts';

/** Where a job's input lies. Read only. Keys are paths or object keys as the user would write them. */
export interface InputStore {
  /** How much is worth one request: what a reader asks for at a time, and ahead. @default 1 MiB */
  readonly chunkBytes?: number;
  /**
   * Every object of one input location (a file, a folder, a glob, an `s3://` prefix), in UTF-8 byte order of the key, a page of
   * at most 1,000 at a time. Names that begin with `_` or `.` are skipped, below the location itself.
   * @throws InputMissingError when the location names nothing; an empty folder is no error and yields nothing
   * @throws InputUnreadableError rather than leave out what it cannot look into
   */
  list(location: string): AsyncIterable<readonly ObjectInfo[]>;
  /**
   * Bytes [byteStart, byteEnd) of the version that was listed. With `target` the answer is a view of its first bytes.
   * @throws InputChangedError before any byte of another version is returned, also when the object is gone
   * @throws InputUnreadableError
   */
  readRange(key: string, version: string, byteStart: number, byteEnd: number, target?: Uint8Array): Promise<Uint8Array>;
}
