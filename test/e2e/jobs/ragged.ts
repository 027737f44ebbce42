import { defineJob, type Emit, lines, sum } from 'refold';

/** Fails at a certain line. */
export default defineJob({
  input: lines(),
  params: { poison: 'poison' },
  map(line, emit: Emit<string, number>, task) {
    if (line === task.params.poison) throw new TypeError(`no number: ${line}`);
    emit(line, 1);
  },
  combine: sum(),
  reduce: sum(),
});
