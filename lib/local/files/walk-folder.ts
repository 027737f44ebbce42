import { join } from 'node:path';
import type { FileSystem } from '../../node/file-system.ts';
import { compareKeys } from '../../ports/key-order.ts';

/** A name that is no folder. `key` is the walk's prefix and the path below its folder, with `/`. */
export type WalkedFile = { readonly key: string; readonly path: string };

export type Walk = {
  /** Folders and files that are left out; a folder's key ends in `/`. */
  readonly skips: (key: string, name: string) => boolean;
  /** The real kind of an entry that is neither plain file nor plain folder: a symbolic link, say. May throw. */
  readonly isFolder: (path: string, key: string) => boolean;
  /** Is this folder, found by a symbolic link, one that it lies in? Then it is left out. */
  readonly leadsBack: (path: string) => boolean;
  /** A folder that can't be read: throw, or return to leave it out. */
  readonly onUnreadable: (error: unknown, path: string, key: string) => void;
};

/**
 * Walks a folder in UTF-8 byte order of the whole keys: `a-b`, then `a/b`, then `a0`, as a bucket lists them. Holds the names
 * of the folders it is in, as strings, and nothing else of them: a folder of a million files takes about 60 MB.
 */
export function* walkFolder(files: FileSystem, folder: string, keyPrefix: string, walk: Walk): Generator<WalkedFile> {
  const stack = [openLevel(files, folder, keyPrefix, walk)];
  for (let level = stack.at(-1); level !== undefined; level = stack.at(-1)) {
    const name = level.names[level.at++];
    if (name === undefined) {
      stack.pop();
    } else if (name.endsWith('/')) {
      stack.push(openLevel(files, join(level.folder, name), level.keyPrefix + name, walk));
    } else {
      yield { key: level.keyPrefix + name, path: join(level.folder, name) };
    }
  }
}

type Level = { readonly folder: string; readonly keyPrefix: string; readonly names: readonly string[]; at: number };

/** Names in key order; those of folders end in `/`, which is how they compare as parts of keys. */
function openLevel(files: FileSystem, folder: string, keyPrefix: string, walk: Walk): Level {
  const names: string[] = [];
  try {
    const listing = files.opendirSync(folder, { bufferSize: 1024 });
    try {
      for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) {
        const { name } = entry;
        if (walk.skips(keyPrefix + name, name)) continue;
        const isOdd = !entry.isFile() && !entry.isDirectory();
        const isFolder = isOdd ? walk.isFolder(join(folder, name), keyPrefix + name) : entry.isDirectory();
        if (!isFolder) {
          names.push(name);
        } else if (!walk.skips(`${keyPrefix}${name}/`, name) && !(isOdd && walk.leadsBack(join(folder, name)))) {
          names.push(`${name}/`);
        }
      }
    } finally {
      listing.closeSync();
    }
  } catch (error) {
    walk.onUnreadable(error, folder, keyPrefix);
  }
  names.sort(compareKeys);
  return { folder, keyPrefix, names, at: 0 };
}
