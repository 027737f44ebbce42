import { defineJob, type Emit, rawLines, type Slice, sum } from 'refold';

const COMMA = 44;

/** Revenue by the first six characters of the address. */
export default defineJob({
  input: rawLines(),
  map(visit, emit: Emit<Slice, number>) {
    emit(visit.sub(0, 6), visit.field(3, COMMA).toNumber());
  },
  combine: sum(),
  reduce: sum(),
});
