import { defineJob, type Emit, rawLines, type Slice } from 'refold';
import { medianOf } from './median-of.ts';

const COMMA = 44;

export default defineJob({
  input: rawLines(),
  map(line, emit: Emit<Slice, number>) {
    emit(line.field(0, COMMA), line.field(1, COMMA).toNumber());
  },
  reduce(key, values, emit: Emit<Uint8Array, number>) {
    emit(key, medianOf(values));
  },
});
