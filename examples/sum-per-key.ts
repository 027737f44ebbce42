// How much rain fell in each month, from a CSV with a header. `sum` is exact: the order of the additions changes no digit.
//
//   refold run examples/sum-per-key.ts --input node_modules/vega-datasets/data/seattle-weather.csv
import { csv, defineJob, type Emit, sum } from 'refold';

export default defineJob({
  input: csv({ header: true, columns: { date: 'string', precipitation: 'number' } }),
  map(day, emit: Emit<string, number>) {
    emit(day.date.slice(0, 7), day.precipitation);
  },
  combine: sum(),
  reduce: sum(),
});
