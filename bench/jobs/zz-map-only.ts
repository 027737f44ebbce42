import { defineJob, type Emit, rawLines, text } from 'refold';
export default defineJob({
  input: rawLines(),
  map(line, emit: Emit<null, string>) { emit(null, line.toString()); },
  output: text(),
});
