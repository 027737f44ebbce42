import { dirname } from 'node:path';
import { assert, OutputUnwritableError } from '../../errors.ts';
import { isFileError, isMissing, reasonOf } from '../../node/file-error.ts';
import { type FileSystem, syncFile, writeFully } from '../../node/file-system.ts';
import type { PartWriter, StagedPart } from '../../ports/output-store.ts';
import { writtenVersionOf } from './file-version.ts';

/** Writes to a staged file that the store has opened. */
export class FilePartWriter implements PartWriter {
  readonly #part: { readonly name: string; readonly attemptId: string; readonly path: string; readonly fd: number };
  readonly #files: FileSystem;
  #bytes = 0;
  #state: 'open' | 'finished' | 'aborted' = 'open';

  constructor(
    part: { readonly name: string; readonly attemptId: string; readonly path: string; readonly fd: number },
    files: FileSystem,
  ) {
    this.#part = part;
    this.#files = files;
  }

  async write(bytes: Uint8Array): Promise<void> {
    assert(this.#state === 'open', 'a part that was finished or aborted takes no more bytes');
    try {
      writeFully(this.#files, this.#part.fd, bytes);
      this.#bytes += bytes.length;
    } catch (error) {
      throw toUnwritable(error, this.#part.path);
    }
  }

  async finish(): Promise<StagedPart> {
    assert(this.#state === 'open', 'a part is finished once');
    const { name, attemptId, path, fd } = this.#part;
    try {
      await syncFile(this.#files, fd);
      const stat = this.#files.fstatSync(fd, { bigint: true });
      assert(Number(stat.size) === this.#bytes, 'a staged part holds what was written, and nobody else writes to it');
      this.#state = 'finished';
      this.#files.closeSync(fd);
      return { name, ref: writtenVersionOf(stat), attemptId, bytes: this.#bytes };
    } catch (error) {
      throw toUnwritable(error, path);
    }
  }

  async abort(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'aborted';
    this.#files.closeSync(this.#part.fd);
    removeStaged(this.#files, this.#part.path);
  }
}

/** Removes a staged file, which may be gone, and with the last one its folder: a job that fails leaves nothing beside its output. */
export function removeStaged(files: FileSystem, path: string): void {
  try {
    files.unlinkSync(path);
    files.rmdirSync(dirname(path));
  } catch (error) {
    if (!isMissing(error) && !isFileError(error, 'ENOTEMPTY', 'EEXIST')) throw toUnwritable(error, path);
  }
}

export function toUnwritable(error: unknown, path: string): unknown {
  return isFileError(error) ? new OutputUnwritableError({ path, reason: reasonOf(error) }, { cause: error }) : error;
}
