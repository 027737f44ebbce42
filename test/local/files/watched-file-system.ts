import { type FileSystem, nodeFileSystem } from '../../../lib/node/file-system.ts';

export type FileCall = { readonly name: keyof FileSystem; readonly args: readonly unknown[] };

/** The real file system, where `before` sees each call and may throw instead of it. */
export function watchedFileSystem(before: (call: FileCall) => void): FileSystem {
  return new Proxy(nodeFileSystem, {
    get(target, name: keyof FileSystem) {
      const real = target[name] as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        before({ name, args });
        return real(...args);
      };
    },
  });
}

/** A file system where calls that `matches` picks fail with `code`. */
export function failingFileSystem(code: string, matches: (call: FileCall) => boolean): FileSystem {
  return watchedFileSystem((call) => {
    if (matches(call)) throw fileError(code, call.name);
  });
}

export function fileError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: made by a test`), { code, syscall });
}

/** The real file system, with some calls made another way. */
export function changedFileSystem(changes: Partial<FileSystem>, files: FileSystem = nodeFileSystem): FileSystem {
  return new Proxy(files, { get: (target, name: keyof FileSystem) => changes[name] ?? target[name] });
}
