import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { assert, WorkAreaError } from '../../errors.ts';
import { isFileError, reasonOf } from '../../node/file-error.ts';
import { type FileSystem, makeFolders, writeFully } from '../../node/file-system.ts';
import type { ObjectInfo, ObjectWriter } from '../../ports/object-store.ts';
import { writtenVersionOf } from './file-version.ts';

/** In the work area: what is being written. A file's name starts with the id of the process that writes it. */
export const TEMPORARY_FOLDER = '.tmp';

/** Writes to a temporary file below `folder`, the work area, which `complete` renames to `path`. */
export class FileObjectWriter implements ObjectWriter {
  readonly #key: string;
  readonly #path: string;
  readonly #temporaryPath: string;
  readonly #files: FileSystem;
  #fd: number | undefined;
  #ended = false;

  constructor(key: string, path: string, folder: string, files: FileSystem) {
    this.#key = key;
    this.#path = path;
    this.#files = files;
    this.#temporaryPath = join(folder, TEMPORARY_FOLDER, `${process.pid}-${randomBytes(10).toString('hex')}`);
  }

  async write(bytes: Uint8Array): Promise<void> {
    assert(!this.#ended, 'an object that was completed or aborted takes no more bytes');
    this.#try(() => writeFully(this.#files, this.#openFile(), bytes));
  }

  async complete(): Promise<ObjectInfo> {
    return this.writeWhole(EMPTY, () => this.rename());
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#fd === undefined) return;
    this.#files.closeSync(this.#fd);
    this.#fd = undefined;
    this.#try(() => this.#files.unlinkSync(this.#temporaryPath));
  }

  /** Appends `bytes`, ends the file, and lets `publish` give it its name. Leaves nothing behind when it fails. */
  async writeWhole<T>(bytes: Uint8Array, publish: () => T): Promise<T> {
    try {
      await this.write(bytes);
      return publish();
    } catch (error) {
      await this.abort();
      throw error;
    }
  }

  rename(): ObjectInfo {
    const info = this.#infoOf();
    this.#intoFolder(() => this.#files.renameSync(this.#temporaryPath, this.#path));
    this.#close();
    return info;
  }

  linkUnlessThere(): 'written' | 'exists' {
    let answer: 'written' | 'exists' = 'written';
    this.#intoFolder(() => {
      try {
        this.#files.linkSync(this.#temporaryPath, this.#path);
      } catch (error) {
        if (!isFileError(error, 'EEXIST')) throw error;
        answer = 'exists';
      }
    });
    this.#try(() => this.#files.unlinkSync(this.#temporaryPath));
    this.#close();
    return answer;
  }

  #openFile(): number {
    this.#fd ??= this.#createFile();
    return this.#fd;
  }

  #createFile(): number {
    try {
      return this.#files.openSync(this.#temporaryPath, 'wx');
    } catch (error) {
      if (!isFileError(error, 'ENOENT')) throw error;
      makeFolders(this.#files, dirname(this.#temporaryPath));
      return this.#files.openSync(this.#temporaryPath, 'wx');
    }
  }

  #infoOf(): ObjectInfo {
    const stat = this.#try(() => this.#files.fstatSync(this.#openFile(), { bigint: true }));
    return { key: this.#key, bytes: Number(stat.size), version: writtenVersionOf(stat) };
  }

  #close(): void {
    this.#ended = true;
    if (this.#fd !== undefined) this.#files.closeSync(this.#fd);
    this.#fd = undefined;
  }

  #intoFolder(place: () => void): void {
    for (let tries = 1; ; tries++) {
      try {
        place();
        return;
      } catch (error) {
        if (!isFileError(error, 'ENOENT') || tries === FOLDER_TRIES_MAX) throw toWorkAreaError(error, this.#path);
        this.#try(() => makeFolders(this.#files, dirname(this.#path)));
      }
    }
  }

  #try<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw toWorkAreaError(error, this.#path);
    }
  }
}

export function toWorkAreaError(error: unknown, path: string): unknown {
  return isFileError(error) ? new WorkAreaError({ path, reason: reasonOf(error) }, { cause: error }) : error;
}

const EMPTY = new Uint8Array(0);
/** A folder may be removed by `delete` between its making and the rename into it: not this often. */
const FOLDER_TRIES_MAX = 20;
