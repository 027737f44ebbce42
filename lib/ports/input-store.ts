import type { ObjectInfo } from './object-store.ts';

/** Where a job's input lies. Read only. Keys are paths or object keys as the user would write them. */
export interface InputStore {
  /**
   * Every object of one input location (a file, a folder, a glob, an `s3://` prefix), in UTF-8 byte order of the key, a page at
   * a time. Names that begin with `_` or `.` are skipped, below the location itself.
   * @throws InputMissingError when the location names nothing; an empty folder is no error and yields nothing
   */
  list(location: string): AsyncIterable<readonly ObjectInfo[]>;
  /**
   * Bytes [byteStart, byteEnd) of the version that was listed. With `target` the answer is a view of its first bytes.
   * @throws InputMissingError, InputUnreadableError, InputChangedError before any byte of another version is returned
   */
  readRange(key: string, version: string, byteStart: number, byteEnd: number, target?: Uint8Array): Promise<Uint8Array>;
}
