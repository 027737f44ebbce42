import { resolve } from 'node:path';
import { assert, InputChangedError, InputUnreadableError } from '../../errors.ts';
import { isFileError, isMissing, reasonOf } from '../../node/file-error.ts';
import { type FileSystem, newBytes, nodeFileSystem, readFully } from '../../node/file-system.ts';
import type { InputStore } from '../../ports/input-store.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';
import { describeVersion, inputVersionOf } from './file-version.ts';
import { walkInput } from './walk-input.ts';

/**
 * Input files on this machine. A location is a file, a folder with all that is below it, or a glob whose matches are files and
 * folders. Keys are paths as the user wrote the location, made plain (`./logs/` gives `logs/a.txt`); relative ones start at `cwd`.
 */
export class FileInputStore implements InputStore {
  readonly #cwd: string;
  readonly #files: FileSystem;

  constructor(options: { readonly cwd: string }, files: FileSystem = nodeFileSystem) {
    this.#cwd = options.cwd;
    this.#files = files;
  }

  async *list(location: string): AsyncGenerator<readonly ObjectInfo[]> {
    let page: ObjectInfo[] = [];
    for (const { key, path } of walkInput(this.#files, this.#cwd, location)) {
      const info = this.#infoOf(key, path);
      if (info === undefined) continue;
      page.push(info);
      if (page.length === PAGE_OBJECTS_MAX) {
        yield page;
        page = [];
      }
    }
    if (page.length > 0) yield page;
  }

  async readRange(key: string, version: string, byteStart: number, byteEnd: number, target?: Uint8Array): Promise<Uint8Array> {
    const bytes = target === undefined ? newBytes(byteEnd - byteStart) : target.subarray(0, byteEnd - byteStart);
    assert(bytes.length === byteEnd - byteStart, 'a target holds the whole range');
    let fd: number | undefined;
    try {
      fd = this.#files.openSync(resolve(this.#cwd, key), 'r');
      this.#checkVersion(key, fd, version);
      const count = await readFully(this.#files, fd, byteStart, bytes);
      // A change during the read is one of the version, and a read past its end is no range of it.
      this.#checkVersion(key, fd, version);
      if (count < bytes.length) throw changed(key, version, `a file that ends at byte ${byteStart + count}`);
      return bytes;
    } catch (error) {
      if (isMissing(error)) throw changed(key, version, 'no file', error);
      throw toUnreadable(error, key);
    } finally {
      if (fd !== undefined) this.#files.closeSync(fd);
    }
  }

  #checkVersion(key: string, fd: number, version: string): void {
    const found = inputVersionOf(this.#files.fstatSync(fd, { bigint: true }));
    if (found !== version) throw changed(key, version, describeVersion(found));
  }

  /** Undefined for a file that was deleted since its folder was read. */
  #infoOf(key: string, path: string): ObjectInfo | undefined {
    try {
      const stat = this.#files.statSync(path, { bigint: true });
      if (!stat.isFile()) throw new InputUnreadableError({ key, reason: NO_REGULAR_FILE });
      this.#files.accessSync(path, READ_ACCESS);
      if (stat.size === 0n) this.#checkEmpty(key, path);
      return { key, bytes: Number(stat.size), version: inputVersionOf(stat) };
    } catch (error) {
      if (!isMissing(error)) throw toUnreadable(error, key);
      this.#checkGone(key, path);
      return undefined;
    }
  }

  /** Files that a system makes as they are read, such as those of /proc, say that they are empty. */
  #checkEmpty(key: string, path: string): void {
    const fd = this.#files.openSync(path, 'r');
    try {
      if (this.#files.readSync(fd, newBytes(1)) > 0) throw new InputUnreadableError({ key, reason: NO_SIZE });
    } finally {
      this.#files.closeSync(fd);
    }
  }

  /** Nothing may be left out by mistake: a name that is still there, but leads nowhere, is an error. */
  #checkGone(key: string, path: string): void {
    // Names that are no UTF-8 are read with this character in place of the odd bytes, and then lead nowhere.
    if (key.includes('\ufffd')) throw new InputUnreadableError({ key, reason: 'its name is not valid UTF-8' });
    try {
      this.#files.lstatSync(path);
    } catch (error) {
      if (isMissing(error)) return;
      throw toUnreadable(error, key);
    }
    throw new InputUnreadableError({ key, reason: 'it is a symbolic link to nothing' });
  }
}

const PAGE_OBJECTS_MAX = 1000;
/** R_OK of access(2). */
const READ_ACCESS = 4;
const NO_SIZE = 'it says that it is empty and is not; pipe it into standard input instead';
const NO_REGULAR_FILE = 'it is neither a file nor a folder; pipe it into standard input instead';

function changed(key: string, version: string, found: string, cause?: unknown): InputChangedError {
  return new InputChangedError({ key, expected: describeVersion(version), found }, { cause });
}

function toUnreadable(error: unknown, key: string): unknown {
  return isFileError(error) ? new InputUnreadableError({ key, reason: reasonOf(error) }, { cause: error }) : error;
}
