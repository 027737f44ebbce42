import { defineJob, type Emit, lines, sum } from 'refold';

export default defineJob({
  input: lines(),
  map(line, emit: Emit<string, number>) {
    for (const word of line.toLowerCase().match(/\p{L}+/gu) ?? []) emit(word, 1);
  },
  combine: sum(),
  reduce: sum(),
});
