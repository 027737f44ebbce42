import { defineJob, type Emit, rawLines, type Slice, text } from 'refold';

export default defineJob({
  input: rawLines(),
  map(line, emit: Emit<null, Slice>) {
    emit(null, line);
  },
  output: text(),
});
