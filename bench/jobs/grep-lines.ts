import { defineJob, type Emit, lines, sum } from 'refold';

const NEEDLE = 'upstream timed out';

export default defineJob({
  input: lines(),
  map(line, emit: Emit<string, number>) {
    if (line.includes(NEEDLE)) emit(NEEDLE, 1);
  },
  combine: sum(),
  reduce: sum(),
});
