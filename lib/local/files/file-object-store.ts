import { dirname, join, resolve } from 'node:path';
import { assert, InputChangedError, ObjectMissingError } from '../../errors.ts';
import { isFileError, isMissing } from '../../node/file-error.ts';
import { type FileSystem, newBytes, nodeFileSystem, readFully } from '../../node/file-system.ts';
import { isProcessAlive } from '../../node/process-alive.ts';
import { assertObjectKey, type ObjectInfo, type ObjectStore, type ObjectWriter } from '../../ports/object-store.ts';
import { FileObjectWriter, TEMPORARY_FOLDER, toWorkAreaError } from './file-object-writer.ts';
import { describeVersion, writtenVersionOf } from './file-version.ts';
import { type Walk, walkFolder } from './walk-folder.ts';

/**
 * The work area as files below one folder. An object is written under a temporary name in `<folder>/.tmp` and renamed, so
 * readers see it whole or not at all; several processes may use one folder. Nothing is synced to the disk: a power cut may lose
 * or cut short an object that was committed, which its version or CRC shows, and then it is made anew.
 */
export class FileObjectStore implements ObjectStore {
  readonly #folder: string;
  readonly #files: FileSystem;

  constructor(folder: string, files: FileSystem = nodeFileSystem) {
    this.#folder = resolve(folder);
    this.#files = files;
  }

  async *list(prefix: string): AsyncGenerator<readonly ObjectInfo[]> {
    const folderEnd = prefix.lastIndexOf('/') + 1;
    const folderKey = prefix.slice(0, folderEnd);
    if (folderKey !== '') assertObjectKey(folderKey.slice(0, -1));
    let page: ObjectInfo[] = [];
    for (const { key, path } of walkFolder(this.#files, join(this.#folder, folderKey), folderKey, walkOf(prefix))) {
      const info = key.startsWith(prefix) ? this.#infoOf(key, path) : undefined;
      if (info === undefined) continue;
      page.push(info);
      if (page.length === PAGE_OBJECTS_MAX) {
        yield page;
        page = [];
      }
    }
    if (page.length > 0) yield page;
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    return this.#infoOf(key, this.#pathOf(key));
  }

  async readRange(
    key: string,
    version: string | undefined,
    byteStart: number,
    byteEnd: number,
    target?: Uint8Array,
  ): Promise<Uint8Array> {
    const bytes = target === undefined ? newBytes(byteEnd - byteStart) : target.subarray(0, byteEnd - byteStart);
    assert(bytes.length === byteEnd - byteStart, 'a target holds the whole range');
    return this.#open(key, async (fd, found) => {
      const expected = version ?? found;
      if (found === expected) {
        const count = await readFully(this.#files, fd, byteStart, bytes);
        if (count < bytes.length) {
          throw new InputChangedError({ key, expected: `at least ${byteEnd} bytes`, found: describeVersion(found) });
        }
      }
      this.#checkVersion(key, fd, expected);
      return bytes;
    });
  }

  async read(key: string): Promise<Uint8Array> {
    return this.#open(key, async (fd, version, bytes) => {
      const content = newBytes(bytes);
      const count = await readFully(this.#files, fd, 0, content);
      if (count < bytes) {
        throw new InputChangedError({ key, expected: describeVersion(version), found: `${count} bytes` });
      }
      this.#checkVersion(key, fd, version);
      return content;
    });
  }

  async put(key: string, bytes: Uint8Array): Promise<ObjectInfo> {
    const writer = new FileObjectWriter(key, this.#pathOf(key), this.#folder, this.#files);
    return writer.writeWhole(bytes, () => writer.rename());
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<'written' | 'exists'> {
    const path = this.#pathOf(key);
    if (this.#infoOf(key, path) !== undefined) return 'exists';
    const writer = new FileObjectWriter(key, path, this.#folder, this.#files);
    return writer.writeWhole(bytes, () => writer.linkUnlessThere());
  }

  async create(key: string): Promise<ObjectWriter> {
    return new FileObjectWriter(key, this.#pathOf(key), this.#folder, this.#files);
  }

  async delete(keys: readonly string[]): Promise<void> {
    const folders = new Set<string>();
    for (const key of keys) {
      const path = this.#pathOf(key);
      try {
        this.#files.unlinkSync(path);
        folders.add(dirname(path));
      } catch (error) {
        if (!isMissing(error)) throw toWorkAreaError(error, path);
      }
    }
    this.#removeEmpty(folders);
  }

  /** Removes temporary files that a dead process left. Cheap; for the start of a command. */
  sweep(): void {
    const folder = join(this.#folder, TEMPORARY_FOLDER);
    for (const { path, key } of walkFolder(this.#files, folder, '', { ...walkOf(''), skips: () => false })) {
      if (isProcessAlive(Number(key.split('-')[0]))) continue;
      try {
        this.#files.unlinkSync(path);
      } catch (error) {
        if (!isMissing(error)) throw toWorkAreaError(error, path);
      }
    }
  }

  async #open<T>(key: string, use: (fd: number, version: string, bytes: number) => Promise<T>): Promise<T> {
    const path = this.#pathOf(key);
    let fd: number | undefined;
    try {
      fd = this.#files.openSync(path, 'r');
      const stat = this.#files.fstatSync(fd, { bigint: true });
      if (!stat.isFile()) throw new ObjectMissingError({ key });
      return await use(fd, writtenVersionOf(stat), Number(stat.size));
    } catch (error) {
      if (isMissing(error)) throw new ObjectMissingError({ key }, { cause: error });
      throw toWorkAreaError(error, path);
    } finally {
      if (fd !== undefined) this.#files.closeSync(fd);
    }
  }

  /** After a read: what was read belongs to `expected` only if the file still is that version. */
  #checkVersion(key: string, fd: number, expected: string): void {
    const found = writtenVersionOf(this.#files.fstatSync(fd, { bigint: true }));
    if (found !== expected) {
      throw new InputChangedError({ key, expected: describeVersion(expected), found: describeVersion(found) });
    }
  }

  #infoOf(key: string, path: string): ObjectInfo | undefined {
    try {
      const stat = this.#files.statSync(path, { bigint: true });
      return stat.isFile() ? { key, bytes: Number(stat.size), version: writtenVersionOf(stat) } : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw toWorkAreaError(error, path);
    }
  }

  /**
   * Removes the folders that are empty, and then those above them that have become so. Each is tried once, however many were in it: a
   * folder of very many is slow to look at. A writer that finds its folder gone makes it again.
   */
  #removeEmpty(folders: ReadonlySet<string>): void {
    for (let level = folders; level.size > 0; ) {
      const above = new Set<string>();
      for (const path of level) {
        if (path.length > this.#folder.length && this.#isRemoved(path)) above.add(dirname(path));
      }
      level = above;
    }
  }

  #isRemoved(path: string): boolean {
    try {
      this.#files.rmdirSync(path);
      return true;
    } catch (error) {
      if (isFileError(error, 'ENOTEMPTY', 'EEXIST')) return false;
      if (!isMissing(error)) throw toWorkAreaError(error, path);
      return true;
    }
  }

  #pathOf(key: string): string {
    assertObjectKey(key);
    return join(this.#folder, key);
  }
}

const PAGE_OBJECTS_MAX = 1000;

function walkOf(prefix: string): Walk {
  return {
    // A folder is walked when keys below it may begin with the prefix, or the prefix with it.
    skips: (key, name) => name.startsWith(TEMPORARY_FOLDER) || !(key.startsWith(prefix) || prefix.startsWith(key)),
    isFolder: () => false,
    leadsBack: () => false,
    onUnreadable: (error, path) => {
      if (!isMissing(error)) throw toWorkAreaError(error, path);
    },
  };
}
