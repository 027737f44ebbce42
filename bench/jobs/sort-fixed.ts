import { defineJob, type Emit, fixed, identity, range, type Slice } from 'refold';

export default defineJob({
  input: fixed(100),
  map(record, emit: Emit<Slice, Slice>) {
    emit(record.sub(0, 10), record.sub(10));
  },
  partition: range(),
  reduce: identity(),
  output: fixed(100),
});
