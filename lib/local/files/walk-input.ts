import type { BigIntStats } from 'node:fs';
import { posix, resolve } from 'node:path';
import { InputMissingError, InputUnreadableError } from '../../errors.ts';
import { isFileError, isMissing, reasonOf } from '../../node/file-error.ts';
import type { FileSystem } from '../../node/file-system.ts';
import { type InputGlob, parseInputGlob } from '../../node/input-glob.ts';
import { type WalkedFile, walkFolder } from './walk-folder.ts';

/**
 * The files of one input location in key order. A name that is there as it is written is no glob. Symbolic links are followed;
 * one that leads back to a folder it lies in is left out, since that folder's files are there already.
 * @throws InputMissingError, InputUnreadableError
 */
export function* walkInput(files: FileSystem, cwd: string, location: string): Generator<WalkedFile> {
  const key = plainKey(location);
  const stat = statOf(files, resolve(cwd, key), key);
  if (stat?.isDirectory()) {
    yield* walkInputFolder(files, cwd, key);
  } else if (stat !== undefined) {
    yield { key, path: resolve(cwd, key) };
  } else {
    yield* walkMatches(files, cwd, location);
  }
}

/** `./logs//x/` is `logs/x`: however it is written, the same input has the same keys, and so is the same job. */
function plainKey(location: string): string {
  const plain = posix.normalize(location);
  return plain.length > 1 && plain.endsWith('/') ? plain.slice(0, -1) : plain;
}

/** Matches may be folders, such as those of `logs/2026-*`: then everything below them is input. */
function* walkMatches(files: FileSystem, cwd: string, location: string): Generator<WalkedFile> {
  const glob = parseInputGlob(plainKey(location));
  if (glob === undefined || statOf(files, resolve(cwd, glob.folderKey), location)?.isDirectory() !== true) {
    throw new InputMissingError({ location });
  }
  let matched = false;
  for (const file of walkInputFolder(files, cwd, glob.folderKey, glob)) {
    if (!glob.matches(file.key)) continue;
    matched = true;
    yield file;
  }
  if (!matched) throw new InputMissingError({ location });
}

function walkInputFolder(files: FileSystem, cwd: string, folderKey: string, glob?: InputGlob): Iterable<WalkedFile> {
  const folder = resolve(cwd, folderKey);
  const keyPrefix = folderKey === '.' ? '' : folderKey === '/' ? '/' : `${folderKey}/`;
  return walkFolder(files, folder, keyPrefix, {
    skips: (key, name) => {
      if (isHidden(name) && glob?.namesHidden(name) !== true) return true;
      return key.endsWith('/') && glob?.mayMatchBelow(key.slice(0, -1)) === false;
    },
    isFolder: (path) => isFolder(files, path),
    leadsBack: (path) => leadsBack(files, path, folder),
    onUnreadable: (error, _, key) => {
      if (isFileError(error)) throw new InputUnreadableError({ key, reason: reasonOf(error) }, { cause: error });
      throw error;
    },
  });
}

function isHidden(name: string): boolean {
  return name.startsWith('_') || name.startsWith('.');
}

/** No for what leads nowhere: as a file that is asked for it is an error, and one that isn't need not be looked at. */
function isFolder(files: FileSystem, path: string): boolean {
  try {
    return files.statSync(path).isDirectory();
  } catch (error) {
    if (isFileError(error)) return false;
    throw error;
  }
}

/** Is the folder at `path` one of those that it lies in, up to and with the walk's own? */
function leadsBack(files: FileSystem, path: string, folder: string): boolean {
  const { ino, dev } = files.statSync(path, { bigint: true });
  for (let above = posix.dirname(path); above.length >= folder.length; above = posix.dirname(above)) {
    const stat = files.statSync(above, { bigint: true });
    if (stat.ino === ino && stat.dev === dev) return true;
    if (above === '/') break;
  }
  return false;
}

function statOf(files: FileSystem, path: string, key: string): BigIntStats | undefined {
  try {
    return files.statSync(path, { bigint: true });
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (isFileError(error)) throw new InputUnreadableError({ key, reason: reasonOf(error) }, { cause: error });
    throw error;
  }
}
