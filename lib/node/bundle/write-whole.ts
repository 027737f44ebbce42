import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WorkAreaError } from '../../errors.ts';
import { isFileError, reasonOf } from '../file-error.ts';

let writes = 0;

/**
 * Writes a file all or nothing, also when two commands write it at once. Not synced: who reads it checks its hash. The first thing that a
 * command writes, so the first to find out that it may not. @throws WorkAreaError
 */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}-${writes++}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    throw isFileError(error) ? new WorkAreaError({ path: dirname(path), reason: reasonOf(error) }, { cause: error }) : error;
  }
}
