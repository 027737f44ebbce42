// The mean temperature and the windiest day of each kind of weather. A mean of means is wrong, so what travels is [days, total, strongest]
// and `combine` adds such rows up; only `reduce` divides.
//
//   refold run examples/mean-per-key.ts --input node_modules/vega-datasets/data/seattle-weather.csv
import { csv, defineJob, type Emit } from 'refold';

type Totals = readonly [days: number, tenthsOfDegrees: number, strongestWind: number];

export default defineJob({
  input: csv({ header: true, columns: { temp_max: 'number', wind: 'number', weather: 'string' } }),
  map(day, emit: Emit<string, Totals>) {
    emit(day.weather, [1, Math.round(day.temp_max * 10), day.wind]);
  },
  combine(weather, rows, emit) {
    emit(weather, addUp(rows));
  },
  reduce(weather, rows, emit: Emit<string, { days: number; meanTemperature: number; strongestWind: number }>) {
    const [days, tenthsOfDegrees, strongestWind] = addUp(rows);
    emit(weather, { days, meanTemperature: tenthsOfDegrees / 10 / days, strongestWind });
  },
});

function addUp(rows: Iterable<Totals>): Totals {
  let days = 0;
  let tenthsOfDegrees = 0;
  let strongestWind = 0;
  for (const row of rows) {
    days += row[0];
    tenthsOfDegrees += row[1];
    strongestWind = Math.max(strongestWind, row[2]);
  }
  return [days, tenthsOfDegrees, strongestWind];
}
