import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { assert, ScratchFullError } from '../errors.ts';
import type { Scratch, ScratchFile } from '../ports/scratch.ts';
import { isFileError, isMissing, reasonOf } from './file-error.ts';
import { type FileSystem, nodeFileSystem, writeFully } from './file-system.ts';
import { isProcessAlive } from './process-alive.ts';

/**
 * Temporary files below `folder`. A file's name is removed as soon as it is open, so its space is given back when the process ends,
 * however it ends. (`du` doesn't show such files, `df` does.)
 */
export class FileScratch implements Scratch {
  readonly #folder: string;
  readonly #files: FileSystem;
  readonly #open = new Set<OpenScratchFile>();

  constructor(folder: string, files: FileSystem = nodeFileSystem) {
    this.#folder = folder;
    this.#files = files;
  }

  create(): ScratchFile {
    const path = join(this.#folder, `${NAME_PREFIX}${process.pid}-${randomBytes(10).toString('hex')}`);
    try {
      this.#files.mkdirSync(this.#folder, { recursive: true });
      const fd = this.#files.openSync(path, 'wx+');
      this.#files.unlinkSync(path);
      const file = new OpenScratchFile({ fd, path }, this.#files, (ended) => this.#open.delete(ended));
      this.#open.add(file);
      return file;
    } catch (error) {
      throw toScratchFull(error, path);
    }
  }

  clear(): void {
    for (const file of this.#open) file.delete();
  }
}

/** Removes the files of processes that were killed between making a file and removing its name. */
export function sweepScratch(folder: string, files: FileSystem = nodeFileSystem): void {
  try {
    const listing = files.opendirSync(folder);
    for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) {
      const pid = entry.name.startsWith(NAME_PREFIX) ? Number(entry.name.slice(NAME_PREFIX.length).split('-')[0]) : undefined;
      if (pid !== undefined && !isProcessAlive(pid)) files.rmSync(join(folder, entry.name), { force: true });
    }
    listing.closeSync();
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

const NAME_PREFIX = 'refold-scratch-';

class OpenScratchFile implements ScratchFile {
  readonly #fd: number;
  readonly #path: string;
  readonly #files: FileSystem;
  readonly #onDelete: (file: OpenScratchFile) => void;
  #bytes = 0;
  #deleted = false;

  constructor(
    file: { readonly fd: number; readonly path: string },
    files: FileSystem,
    onDelete: (file: OpenScratchFile) => void,
  ) {
    this.#fd = file.fd;
    this.#path = file.path;
    this.#files = files;
    this.#onDelete = onDelete;
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(bytes: Uint8Array): void {
    this.#checkOpen();
    try {
      writeFully(this.#files, this.#fd, bytes);
      this.#bytes += bytes.length;
    } catch (error) {
      throw toScratchFull(error, this.#path);
    }
  }

  read(byteStart: number, target: Uint8Array): number {
    this.#checkOpen();
    let filled = 0;
    while (filled < target.length) {
      const count = this.#files.readSync(this.#fd, target, filled, target.length - filled, byteStart + filled);
      if (count === 0) break;
      filled += count;
    }
    return filled;
  }

  delete(): void {
    if (this.#deleted) return;
    this.#deleted = true;
    this.#files.closeSync(this.#fd);
    this.#onDelete(this);
  }

  #checkOpen(): void {
    assert(!this.#deleted, 'a deleted scratch file is not used again: its number may be another file');
  }
}

function toScratchFull(error: unknown, path: string): unknown {
  return isFileError(error) ? new ScratchFullError({ path, reason: reasonOf(error) }, { cause: error }) : error;
}
