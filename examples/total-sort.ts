// All airports from south to north. `range()` gives neighbouring keys to the same part, so the parts one after another are sorted.
//
//   refold run examples/total-sort.ts --input node_modules/vega-datasets/data/airports.csv | head
import { csv, defineJob, type Emit, identity, range } from 'refold';

export default defineJob({
  input: csv({ header: true, columns: { iata: 'string', name: 'string', latitude: 'number' } }),
  map(airport, emit: Emit<number, [iata: string, name: string]>) {
    emit(airport.latitude, [airport.iata, airport.name]);
  },
  partition: range(),
  reduce: identity(),
});
