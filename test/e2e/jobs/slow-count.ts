import { setTimeout as sleep } from 'node:timers/promises';
import { defineJob, type Emit, lines } from 'refold';

/** Counts words, slowly where it is told to: for tests that need time to do harm. */
export default defineJob({
  input: lines(),
  params: { mapMs: 0, reduceMs: 0 },
  async map(line, emit: Emit<string, number>, task) {
    if (task.params.mapMs > 0) await sleep(task.params.mapMs);
    task.counter('lines').add(1);
    for (const word of line.split(' ')) emit(word, 1);
  },
  async reduce(word, counts, emit: Emit<string, number>, task) {
    let total = 0;
    for (const count of counts) total += count;
    if (task.params.reduceMs > 0) await sleep(task.params.reduceMs);
    emit(word, total);
  },
});
