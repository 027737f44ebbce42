import { once } from 'node:events';

/**
 * Writes bytes to standard output as fast as they are read. Answers `closed` when the reader has gone, as `head` does: then the rest
 * is not wanted, and that is no error.
 */
export async function writeToStdout(pieces: AsyncIterable<Uint8Array>): Promise<'written' | 'closed'> {
  const { stdout } = process;
  let failure: NodeJS.ErrnoException | undefined;
  const onError = (error: NodeJS.ErrnoException): void => {
    failure ??= error;
  };
  ignoreLateErrors();
  stdout.on('error', onError);
  try {
    for await (const piece of pieces) {
      if (failure === undefined && !stdout.write(piece)) await untilDrained().catch(onError);
      if (failure !== undefined) break;
    }
    if (failure === undefined) await new Promise<void>((resolve) => stdout.write('', () => resolve()));
  } finally {
    stdout.off('error', onError);
  }
  if (failure === undefined) return 'written';
  if (failure.code === 'EPIPE' || failure.code === 'ERR_STREAM_DESTROYED') return 'closed';
  throw failure;
}

/** Or closed. @throws what goes wrong meanwhile */
async function untilDrained(): Promise<void> {
  const settled = new AbortController();
  const { signal } = settled;
  try {
    await Promise.race([once(process.stdout, 'drain', { signal }), once(process.stdout, 'close', { signal })]);
  } finally {
    settled.abort(); // Takes the listeners away.
  }
}

/** For as long as the process lives: a pipe may break after its last write. */
function ignoreLateErrors(): void {
  if (!process.stdout.listeners('error').includes(ignore)) process.stdout.on('error', ignore);
}

function ignore(): void {}

export async function printToStdout(text: string): Promise<void> {
  await writeToStdout(
    (async function* () {
      yield Buffer.from(text);
    })(),
  );
}
