import { csv, defineJob, type Emit } from 'refold';
import { medianOf } from './median-of.ts';

export default defineJob({
  input: csv({
    columns: { key: 'string', value: 'number', session: 'string', path: 'string', region: 'string', device: 'string' },
  }),
  map(row, emit: Emit<string, number>) {
    emit(row.key, row.value);
  },
  reduce(key, values, emit: Emit<string, number>) {
    emit(key, medianOf(values));
  },
});
