import { defineJob, type Emit, rawLines, sum } from 'refold';

const NEEDLE = 'upstream timed out';

/** Counts the lines that hold the needle. */
export default defineJob({
  input: rawLines(),
  map(line, emit: Emit<string, number>) {
    if (line.includes(NEEDLE)) emit(NEEDLE, 1);
  },
  combine: sum(),
  reduce: sum(),
});
