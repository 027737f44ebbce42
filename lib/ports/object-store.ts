import { assert } from '../errors.ts';

/** One object as a listing shows it. */
export type ObjectInfo = {
  readonly key: string;
  readonly bytes: number;
  /** Names the content: an ETag, or size and mtime of a file. Two contents never share one, as far as the store can tell. */
  readonly version: string;
};

/**
 * Where the work area lies: a bucket prefix, or `.refold/`. Keys use `/` on every system; see `assertObjectKey`.
 * Readers never see half an object: an object is there whole or not at all. A work object may be lost (a disk, a power cut,
 * a lifecycle rule): whoever reads one insists on its version or checks its CRC, and what is lost is made anew.
 */
export interface ObjectStore {
  /**
   * Objects whose key starts with `prefix`, in UTF-8 byte order of the key, a page of at most 1,000 at a time. What is written
   * or deleted meanwhile may or may not be seen.
   */
  list(prefix: string): AsyncIterable<readonly ObjectInfo[]>;
  head(key: string): Promise<ObjectInfo | undefined>;
  /**
   * Bytes [byteStart, byteEnd), exactly. With `target` the answer is a view of its first bytes, which saves the allocation.
   * @param version the version to insist on, or undefined for whichever there is
   * @throws ObjectMissingError, InputChangedError (another version, or shorter than byteEnd)
   */
  readRange(
    key: string,
    version: string | undefined,
    byteStart: number,
    byteEnd: number,
    target?: Uint8Array,
  ): Promise<Uint8Array>;
  /** The whole object. @throws ObjectMissingError */
  read(key: string): Promise<Uint8Array>;
  /** Writes the whole object, replacing what is there. */
  put(key: string, bytes: Uint8Array): Promise<ObjectInfo>;
  /** Writes `key` unless it exists. Losing a race is an answer, not an error. */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<'written' | 'exists'>;
  /** A streamed object, invisible until `complete`. */
  create(key: string): Promise<ObjectWriter>;
  /** Removes the keys that exist; a missing one is not an error. */
  delete(keys: readonly string[]): Promise<void>;
}

/** Must be ended by `complete` or `abort`. */
export interface ObjectWriter {
  /** The caller may reuse `bytes` once the promise resolves. */
  write(bytes: Uint8Array): Promise<void>;
  complete(): Promise<ObjectInfo>;
  /** Drops what was written. Safe to call after a failed `write` or `complete`. */
  abort(): Promise<void>;
}

/**
 * A key is relative, in `/`-separated parts that are neither empty nor `.` nor `..` nor begin with `.tmp`, and no key is a
 * folder of another (`a` and `a/b`): so it is a path on every system.
 */
export function assertObjectKey(key: string): void {
  assert(!UNSAFE_KEY.test(key), `object keys are relative paths without '.' and '..', which ${JSON.stringify(key)} is not`);
}

/** Empty, a `/` at either end or doubled, a part that is `.` or `..` or begins with `.tmp`, a NUL. */
const UNSAFE_KEY = /^$|^\/|\/$|\/\/|(?:^|\/)\.{1,2}(?:\/|$)|(?:^|\/)\.tmp|\0/;
