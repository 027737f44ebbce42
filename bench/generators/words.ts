import { Random, scatter } from './random.ts';
import type { RowWriter } from './row-writer.ts';

const WORDS_A_LINE = 10;
const SPACE = 32;
const LETTERS = 26;
/** 26^5 prefixes: every word has its own, so no two words are equal. */
const PREFIX_LETTERS = 5;
const PREFIXES = LETTERS ** PREFIX_LETTERS;
/** Coprime to 26, so that multiplying permutes the prefixes. */
const PREFIX_STEP = 7_368_787;

/** Words of 5 to 11 letters, 8 on average, in one block of bytes: word i is bytes [starts[i], starts[i + 1]). */
export type Words = { readonly bytes: Uint8Array; readonly starts: Uint32Array; readonly count: number };

export function makeWords(count: number): Words {
  const bytes = new Uint8Array(count * 11);
  const starts = new Uint32Array(count + 1);
  let at = 0;
  for (let index = 0; index < count; index++) {
    starts[index] = at;
    let prefix = (index * PREFIX_STEP) % PREFIXES;
    for (let letter = 0; letter < PREFIX_LETTERS; letter++) {
      bytes[at++] = 97 + (prefix % LETTERS);
      prefix = Math.floor(prefix / LETTERS);
    }
    let tail = scatter(index);
    for (let letters = tail % 7; letters > 0; letters--) {
      bytes[at++] = 97 + (tail % LETTERS);
      tail = Math.floor(tail / LETTERS);
    }
  }
  starts[count] = at;
  return { bytes, starts, count };
}

/** Lines of ten words, drawn by the power law of `Random.rank`, until `bytes` are written. */
export function writeText(rows: RowWriter, bytes: number, wordCount: number): void {
  const words = makeWords(wordCount);
  const random = new Random(wordCount);
  while (rows.bytesWritten < bytes) {
    for (let index = 0; index < WORDS_A_LINE; index++) {
      if (index > 0) rows.byte(SPACE);
      const rank = random.rank(words.count);
      rows.part(words.bytes, words.starts[rank]!, words.starts[rank + 1]!);
    }
    rows.endRow();
  }
}
