import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/**
 * Puts standard input into the work area, named by its content: so the same input is the same job, and a killed job can go on.
 * Answers the file's path.
 */
export async function spoolStdin(stdin: AsyncIterable<Uint8Array>, workFolder: string): Promise<string> {
  const folder = join(workFolder, 'stdin');
  mkdirSync(folder, { recursive: true });
  const spool = join(folder, `.${randomUUID()}`);
  const hash = createHash('sha256');
  try {
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
    // An older spool of the same content keeps its time stamp, which is part of the job's name.
    if (existsSync(path)) rmSync(spool);
    else renameSync(spool, path);
    return path;
  } catch (error) {
    rmSync(spool, { force: true });
    throw error;
  }
}
