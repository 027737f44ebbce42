import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream, mkdirSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { InputUnreadableError, WorkAreaError } from '../../errors.ts';
import { isFileError, reasonOf } from '../../node/file-error.ts';

/** Where standard input waits: `<hash of the content>`, or `.<pid>-<random>` while it is read. */
export const spoolFolder = (workFolder: string) => join(workFolder, 'stdin');

/** Which process reads standard input into a file of that name; undefined for a whole spool. */
export function spoolingPid(name: string): number | undefined {
  return name.startsWith('.') ? Number(name.slice(1).split('-')[0]) : undefined;
}

/** Every spool's: the time of a file is part of the job's name, and here the content alone shall be. */
const SPOOLED_AT = new Date('2000-01-01T00:00:00Z');

/**
 * Puts standard input into the work area, named by its content: so the same input is the same job, and a killed job can go on.
 * Answers the file's path. @throws InputUnreadableError, WorkAreaError
 */
export async function spoolStdin(stdin: AsyncIterable<Uint8Array>, workFolder: string): Promise<string> {
  const folder = spoolFolder(workFolder);
  const spool = join(folder, `.${process.pid}-${randomUUID()}`);
  const hash = createHash('sha256');
  try {
    mkdirSync(folder, { recursive: true });
    await pipeline(
      stdin,
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(spool),
    );
    const path = join(folder, hash.digest('hex').slice(0, 32));
    utimesSync(spool, SPOOLED_AT, SPOOLED_AT);
    // Also over an older one, which has the same content: so that nobody takes it for one that is out of use.
    renameSync(spool, path);
    return path;
  } catch (error) {
    rmSync(spool, { force: true });
    if (!isFileError(error)) throw error;
    const reason = reasonOf(error);
    if ('syscall' in error && error.syscall === 'read')
      throw new InputUnreadableError({ key: 'standard input', reason }, { cause: error });
    throw new WorkAreaError({ path: spool, reason }, { cause: error });
  }
}
