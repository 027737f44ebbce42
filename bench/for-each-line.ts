import { closeSync, openSync, readSync } from 'node:fs';

const READ_BYTES = 4 << 20;
const LF = 10;

/** Takes one line, without its end: bytes[start, end), valid until the function returns. */
export type LineSink = (bytes: Uint8Array, start: number, end: number) => void;

/** Hands out the lines of the files, one file after another, in one reused buffer that grows to the longest line. */
export function forEachLine(paths: readonly string[], sink: LineSink): void {
  let buffer = new Uint8Array(READ_BYTES);
  for (const path of paths) {
    const file = openSync(path, 'r');
    try {
      let filled = 0;
      for (;;) {
        if (filled === buffer.length) {
          const grown = new Uint8Array(2 * buffer.length);
          grown.set(buffer);
          buffer = grown;
        }
        const read = readSync(file, buffer, filled, buffer.length - filled, null);
        if (read === 0) break;
        const end = filled + read;
        let start = 0;
        for (let at = buffer.indexOf(LF, filled); at !== -1 && at < end; at = buffer.indexOf(LF, start)) {
          sink(buffer, start, at);
          start = at + 1;
        }
        buffer.copyWithin(0, start, end);
        filled = end - start;
      }
      if (filled > 0) sink(buffer, 0, filled);
    } finally {
      closeSync(file);
    }
  }
}
