import { Writable } from 'node:stream';
import type { Worker } from 'node:worker_threads';

/**
 * What user code prints in a thread goes where messages go: standard output carries data. A worker is made with `stdout` and `stderr` for it.
 */
export function showMessagesOf({ stdout, stderr }: Worker): void {
  for (const printed of [stdout, stderr]) printed.pipe(toStderr, { end: false });
}

/**
 * One way for all threads of the process, because each stream that is piped has listeners on its target: on standard error itself, ten of
 * them count as a leak, and as many threads as there are tasks at a time are none. Who reads the messages may be gone, which stops nothing.
 */
const toStderr = new Writable({
  write: (bytes: Uint8Array, _encoding, done) => {
    process.stderr.write(bytes, () => done());
  },
}).setMaxListeners(0);
