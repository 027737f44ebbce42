import fs from 'node:fs';
import { dirname } from 'node:path';
import { isFileError } from './file-error.ts';

/**
 * The calls that the local adapters make, so that tests can record them, order them and let them fail. Synchronous but for
 * the slow ones: a call that the page cache answers costs 1-10 µs this way and 50 µs through the thread pool.
 */
export type FileSystem = Pick<
  typeof fs,
  | 'openSync'
  | 'closeSync'
  | 'readSync'
  | 'writeSync'
  | 'fstatSync'
  | 'statSync'
  | 'lstatSync'
  | 'renameSync'
  | 'linkSync'
  | 'unlinkSync'
  | 'mkdirSync'
  | 'rmdirSync'
  | 'rmSync'
  | 'accessSync'
  | 'opendirSync'
  | 'read'
  | 'fsync'
>;

export const nodeFileSystem: FileSystem = fs;

/** Bytes from here on are read through the thread pool: the caller works on, and 40 µs more are about 1 % of its work on them. */
const ASYNC_READ_BYTES_MIN = 512 * 1024;

/** Fills `target` from `byteStart` on; answers how many bytes there were. */
export async function readFully(files: FileSystem, fd: number, byteStart: number, target: Uint8Array): Promise<number> {
  let filled = 0;
  while (filled < target.length) {
    const wanted = target.length - filled;
    const count =
      wanted < ASYNC_READ_BYTES_MIN
        ? files.readSync(fd, target, filled, wanted, byteStart + filled)
        : await readAsync(files, fd, target, filled, wanted, byteStart + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

function readAsync(
  files: FileSystem,
  fd: number,
  target: Uint8Array,
  targetStart: number,
  bytes: number,
  byteStart: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    files.read(fd, target, targetStart, bytes, byteStart, (error, count) => (error ? reject(error) : resolve(count)));
  });
}

/** A write may take less than it was given, such as when the disk gets full in the middle: the next one then says why. */
export function writeFully(files: FileSystem, fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) {
    written += files.writeSync(fd, bytes, written, bytes.length - written);
  }
}

/** Resolves when the bytes of the file, or the names in the folder, would survive a power cut. */
export function syncFile(files: FileSystem, fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    files.fsync(fd, (error) => (error ? reject(error) : resolve()));
  });
}

export async function syncFolder(files: FileSystem, path: string): Promise<void> {
  const fd = files.openSync(path, 'r');
  try {
    await syncFile(files, fd);
  } finally {
    files.closeSync(fd);
  }
}

/**
 * Makes a folder and those above it; answers the topmost that it made, if it made any. Node's own recursive mkdir never returns where
 * the system makes no folders and says that there is no such one, as below /proc.
 */
export function makeFolders(files: FileSystem, path: string): string | undefined {
  if (isFolder(files, path)) return undefined;
  const parent = dirname(path);
  const first = parent === path ? undefined : makeFolders(files, parent);
  try {
    files.mkdirSync(path);
    return first ?? path;
  } catch (error) {
    // Another process was faster.
    if (isFileError(error, 'EEXIST') && isFolder(files, path)) return first;
    throw error;
  }
}

function isFolder(files: FileSystem, path: string): boolean {
  return files.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** A new array that is not zeroed first and shares its memory with no other. */
export function newBytes(length: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}
