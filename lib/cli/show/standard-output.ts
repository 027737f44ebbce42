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
  // Stays for ever: a pipe may break after its last write.
  stdout.on('error', onError);
  for await (const piece of pieces) {
    if (failure === undefined && !stdout.write(piece))
      await Promise.race([once(stdout, 'drain'), once(stdout, 'close')]).catch(onError);
    if (failure !== undefined) break;
  }
  if (failure === undefined) await new Promise<void>((resolve) => stdout.write('', () => resolve()));
  if (failure === undefined) return 'written';
  if (failure.code === 'EPIPE' || failure.code === 'ERR_STREAM_DESTROYED') return 'closed';
  throw failure;
}

export async function printToStdout(text: string): Promise<void> {
  await writeToStdout(
    (async function* () {
      yield Buffer.from(text);
    })(),
  );
}
