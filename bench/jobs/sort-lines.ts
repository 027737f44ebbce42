import { defineJob, type Emit, identity, lines, range, text } from 'refold';

export default defineJob({
  input: lines(),
  map(line, emit: Emit<string, string>) {
    emit(line.slice(0, 10), line);
  },
  partition: range(),
  reduce: identity(),
  output: text(),
});
