import { isFileError } from './file-error.ts';

/** Answers whether a process of this id runs. Ids are given again, so the answer may be yes for another process. */
export function isProcessAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isFileError(error, 'EPERM');
  }
}
