import { csv, defineJob, type Emit, sum } from 'refold';
import { visitColumns } from './visit-columns.ts';

export default defineJob({
  input: csv({ columns: visitColumns }),
  map(visit, emit: Emit<string, number>) {
    emit(visit.sourceIP.slice(0, 6), visit.adRevenue);
  },
  combine: sum(),
  reduce: sum(),
});
