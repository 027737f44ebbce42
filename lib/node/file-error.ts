/** An error of a file system call. Anything else is a bug and passes through. */
type FileError = Error & { readonly code: string };

/** Answers whether a file system call failed with one of the codes, such as `ENOENT`. */
export function isFileError(error: unknown, ...codes: readonly string[]): error is FileError {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  return codes.length === 0 ? 'syscall' in error : codes.includes(error.code);
}

/** Nothing is there: no such name, or a file where a folder of the path should be. */
export function isMissing(error: unknown): boolean {
  return isFileError(error, 'ENOENT', 'ENOTDIR');
}

/** What went wrong, for the end of a sentence. */
export function reasonOf(error: FileError): string {
  return REASONS[error.code] ?? `${error.code}, ${error.message}`;
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file gets larger than the system allows',
  EIO: 'the device reported an input/output error',
  EMFILE: 'too many files are open in this process',
  ENFILE: 'too many files are open in the system',
  ENAMETOOLONG: 'a name in the path is too long',
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a file lies where a folder should be',
  EISDIR: 'it is a folder',
  EEXIST: 'a file is in the way',
  ELOOP: 'its symbolic links go round in a circle',
  EXDEV: 'it lies on another file system',
  ENOTSUP: 'the file system lacks something that refold needs (hard links)',
  EOPNOTSUPP: 'the file system lacks something that refold needs (hard links)',
  ENOTEMPTY: 'the folder is not empty',
};
