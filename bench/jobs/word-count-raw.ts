import { defineJob, type Emit, rawLines, type Slice, sum } from 'refold';

const SPACE = 32;

export default defineJob({
  input: rawLines(),
  map(line, emit: Emit<Slice, number>) {
    for (const word of line.split(SPACE)) emit(word, 1);
  },
  combine: sum(),
  reduce: sum(),
});
