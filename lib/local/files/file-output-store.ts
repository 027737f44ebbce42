import type { Dirent } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { assert, OutputUnwritableError, PartMissingError } from '../../errors.ts';
import { isFileError, isMissing } from '../../node/file-error.ts';
import { type FileSystem, makeFolders, newBytes, nodeFileSystem, syncFolder } from '../../node/file-system.ts';
import { isSuccessOf } from '../../output/success-file.ts';
import {
  comparePartNames,
  isPartName,
  type OpenOutput,
  type OutputState,
  type OutputStore,
  type PartWriter,
  type StagedPart,
} from '../../ports/output-store.ts';
import { FilePartWriter, removeStaged, toUnwritable } from './file-part-writer.ts';
import { writtenVersionOf } from './file-version.ts';

/** Output paths start at `cwd` unless they are absolute. */
export function openFileOutput(options: { readonly cwd: string }, files: FileSystem = nodeFileSystem): OpenOutput {
  return (location, jobId) => new FileOutputStore({ folder: resolve(options.cwd, location), jobId }, files);
}

/**
 * An output folder. Parts wait in `.<name>.refold-<jobId>` beside it: a part's bytes are synced before its rename into the
 * folder, and the folder after it, so what is visible is whole also after a power cut.
 *
 * A part's `ref` is the version of its staged file, with the inode, which the rename keeps: so a coordinator that died between the
 * rename and its next step finds that the visible file is this very attempt's. (Where inodes are not stable, such a part is
 * `gone`, and its task runs again.)
 */
export class FileOutputStore implements OutputStore {
  readonly #folder: string;
  readonly #jobId: string;
  readonly #files: FileSystem;
  #staging: string | undefined;
  #lastSync: Promise<void> = Promise.resolve();
  #nextSync: Promise<void> | undefined;

  constructor(options: { readonly folder: string; readonly jobId: string }, files: FileSystem = nodeFileSystem) {
    assert(/^[\w.-]+$/.test(options.jobId), 'a job id is safe in a file name');
    this.#folder = resolve(options.folder);
    this.#jobId = options.jobId;
    this.#files = files;
  }

  async inspect(): Promise<OutputState> {
    this.#checkWritable();
    const entries = this.#entriesIn(this.#folder).filter(({ name }) => !name.startsWith(INNER_STAGING_PREFIX));
    const wall = entries.find((entry) => isPartName(entry.name) && entry.isDirectory());
    if (wall !== undefined) {
      throw new OutputUnwritableError({
        path: join(this.#folder, wall.name),
        reason: 'it is a folder, and has the name of a part',
      });
    }
    const names = entries.map(({ name }) => name);
    const [example] = names.sort(comparePartNames);
    if (example === undefined) return { kind: 'empty' };
    return { kind: 'occupied', example, succeeded: names.includes(SUCCESS_NAME) };
  }

  async stage(name: string, attemptId: string): Promise<PartWriter> {
    const path = this.#stagedPath(name, attemptId);
    return new FilePartWriter({ name, attemptId, path, fd: await this.#openStaged(path) }, this.#files);
  }

  async publish(part: StagedPart): Promise<'published' | 'gone'> {
    const state = await this.isStaged(part);
    if (state === 'gone') return 'gone';
    if (state === 'staged') {
      const visible = join(this.#folder, part.name);
      await this.#makeFolder(this.#folder);
      this.#try(visible, () => this.#files.renameSync(this.#stagedPath(part.name, part.attemptId), visible));
    }
    await this.#syncRenames();
    return 'published';
  }

  async isStaged({ name, attemptId, ref }: StagedPart): Promise<'staged' | 'published' | 'gone'> {
    if (this.#versionOf(this.#stagedPath(name, attemptId)) === ref) return 'staged';
    return this.#versionOf(join(this.#folder, name)) === ref ? 'published' : 'gone';
  }

  async discard({ name, attemptId }: StagedPart): Promise<void> {
    removeStaged(this.#files, this.#stagedPath(name, attemptId));
  }

  async writeSuccess(content: Uint8Array): Promise<void> {
    const writer = await this.stage(SUCCESS_NAME, 'success');
    try {
      await writer.write(content);
      const published = await this.publish(await writer.finish());
      assert(published === 'published', 'nothing but this call touches the staged _SUCCESS');
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  async readSuccess(): Promise<Uint8Array | undefined> {
    const pieces: Uint8Array[] = [];
    try {
      for await (const piece of this.readPart(SUCCESS_NAME)) pieces.push(piece);
    } catch (error) {
      if (error instanceof PartMissingError) return undefined;
      throw error;
    }
    const { buffer, byteOffset, byteLength } = Buffer.concat(pieces);
    return new Uint8Array(buffer, byteOffset, byteLength);
  }

  async clear(keep: readonly string[], createdAtMs: number): Promise<void> {
    const entries = this.#entriesIn(this.#folder);
    if (entries.length === 0) return;
    const success = await this.readSuccess();
    if (success !== undefined && isSuccessOf(success, { jobId: this.#jobId, createdAtMs })) return;
    // Synced apart: parts must never go while a `_SUCCESS` still vouches for them.
    this.#remove(join(this.#folder, SUCCESS_NAME));
    await this.#syncFolder(this.#folder);
    const kept = new Set(keep);
    for (const name of partNamesOf(entries)) {
      if (!kept.has(name)) this.#remove(join(this.#folder, name));
    }
    await this.#syncFolder(this.#folder);
  }

  async *readPart(name: string): AsyncGenerator<Uint8Array> {
    const path = join(this.#folder, name);
    let fd: number;
    try {
      fd = this.#files.openSync(path, 'r');
    } catch (error) {
      throw isMissing(error) ? new PartMissingError({ path }, { cause: error }) : error;
    }
    try {
      for (;;) {
        const piece = newBytes(READ_BYTES);
        const count = this.#files.readSync(fd, piece);
        if (count === 0) return;
        yield piece.subarray(0, count);
      }
    } finally {
      this.#files.closeSync(fd);
    }
  }

  async listParts(): Promise<readonly { readonly name: string; readonly bytes: number }[]> {
    const names = partNamesOf(this.#eachEntryIn(this.#folder)).sort(comparePartNames);
    return names.map((name) => ({ name, bytes: this.#files.statSync(join(this.#folder, name)).size }));
  }

  async sweep(): Promise<void> {
    const staging = this.#stagingFolder();
    this.#try(staging, () => this.#files.rmSync(staging, { recursive: true, force: true }));
  }

  #stagedPath(name: string, attemptId: string): string {
    assert(/^[\w.-]+$/.test(name) && /^[\w.-]+$/.test(attemptId), 'part names and attempt ids are safe in a file name');
    return join(this.#stagingFolder(), `${name}.${attemptId}`);
  }

  async #openStaged(path: string): Promise<number> {
    for (let tries = 1; ; tries++) {
      await this.#makeFolder(dirname(path));
      try {
        return this.#files.openSync(path, 'w');
      } catch (error) {
        if (!isFileError(error, 'ENOENT') || tries === FOLDER_TRIES_MAX) throw toUnwritable(error, path);
      }
    }
  }

  /** Beside the output, unless a rename from there can't work: then inside, under a name that no reader takes for a part. */
  #stagingFolder(): string {
    this.#staging ??= this.#canRenameFromBeside()
      ? join(dirname(this.#folder), `.${basename(this.#folder)}.refold-${this.#jobId}`)
      : join(this.#folder, INNER_STAGING_PREFIX + this.#jobId);
    return this.#staging;
  }

  /** No when the output is a mount of its own, as folders often are in containers, or lies in a folder that takes no files. */
  #canRenameFromBeside(): boolean {
    const nothing = `.refold-nothing-${this.#jobId}`;
    const parent = dirname(this.#folder);
    try {
      if (this.#files.statSync(this.#folder).dev !== this.#files.statSync(parent).dev) return false;
      this.#files.accessSync(parent, WRITE_ACCESS);
      // There is nothing to rename; Linux compares the mounts before it looks.
      this.#files.renameSync(join(parent, nothing), join(this.#folder, nothing));
      return true;
    } catch (error) {
      return isMissing(error);
    }
  }

  /** Better found out before the work than after it: makes the folder that parts will wait in, and takes it away again. */
  #checkWritable(): void {
    const staging = this.#stagingFolder();
    this.#try(staging, () => {
      const first = makeFolders(this.#files, staging);
      if (first === undefined) return;
      for (let made = staging; made.length >= first.length; made = dirname(made)) this.#files.rmdirSync(made);
    });
  }

  /** Makes the folder and those above it, and their names durable. */
  async #makeFolder(folder: string): Promise<void> {
    const first = this.#try(folder, () => makeFolders(this.#files, folder));
    if (first === undefined) return;
    for (let made = folder; made.length >= first.length; made = dirname(made)) await this.#syncFolder(dirname(made));
  }

  /** Syncs the folder after all renames into it so far. Calls that wait at the same time share one sync, which begins after each of them. */
  #syncRenames(): Promise<void> {
    this.#nextSync ??= this.#lastSync.then(() => {
      this.#nextSync = undefined;
      const sync = this.#syncFolder(this.#folder);
      this.#lastSync = sync.catch(() => {}); // Whoever waits for it has the error.
      return sync;
    });
    return this.#nextSync;
  }

  async #syncFolder(path: string): Promise<void> {
    try {
      await syncFolder(this.#files, path);
    } catch (error) {
      throw toUnwritable(error, path);
    }
  }

  #entriesIn(folder: string): Dirent[] {
    return [...this.#eachEntryIn(folder)];
  }

  *#eachEntryIn(folder: string): Generator<Dirent> {
    try {
      const listing = this.#files.opendirSync(folder);
      try {
        for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) yield entry;
      } finally {
        listing.closeSync();
      }
    } catch (error) {
      if (!isFileError(error, 'ENOENT')) throw toUnwritable(error, folder);
    }
  }

  #versionOf(path: string): string | undefined {
    try {
      return writtenVersionOf(this.#files.statSync(path, { bigint: true }));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw toUnwritable(error, path);
    }
  }

  #remove(path: string): void {
    try {
      this.#files.unlinkSync(path);
    } catch (error) {
      if (!isMissing(error)) throw toUnwritable(error, path);
    }
  }

  #try<T>(path: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw toUnwritable(error, path);
    }
  }
}

const SUCCESS_NAME = '_SUCCESS';
const INNER_STAGING_PREFIX = '.refold-';
const READ_BYTES = 256 * 1024;
/** Another attempt may take the staging folder away, when it drops the last file in it, right after it was made: not this often. */
const FOLDER_TRIES_MAX = 20;
/** W_OK of access(2). */
const WRITE_ACCESS = 2;

/** Of very many entries only their names are kept. */
function partNamesOf(entries: Iterable<Dirent>): string[] {
  const names: string[] = [];
  for (const entry of entries) if (isPartName(entry.name) && entry.isFile()) names.push(entry.name);
  return names;
}
