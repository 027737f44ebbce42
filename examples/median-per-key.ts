// The median temperature of each kind of weather. A median of medians is no median, so there is no `combine`: every value travels.
//
//   refold run examples/median-per-key.ts --input node_modules/vega-datasets/data/seattle-weather.csv
import { csv, defineJob, type Emit } from 'refold';

export default defineJob({
  input: csv({ header: true, columns: { temp_max: 'number', weather: 'string' } }),
  map(day, emit: Emit<string, number>) {
    emit(day.weather, day.temp_max);
  },
  reduce(weather, temperatures, emit: Emit<string, number>) {
    const sorted = Float64Array.from(temperatures).sort();
    const half = sorted.length >> 1;
    const upper = sorted[half] ?? Number.NaN;
    emit(weather, sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2);
  },
});
