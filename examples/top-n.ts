// The three busiest routes from each airport, busiest first.
//
//   refold run examples/top-n.ts --input node_modules/vega-datasets/data/flights-airport.csv
import { csv, defineJob, type Emit, top } from 'refold';

export default defineJob({
  input: csv({ header: true, columns: { origin: 'string', destination: 'string', count: 'number' } }),
  map(route, emit: Emit<string, [flights: number, destination: string]>) {
    emit(route.origin, [route.count, route.destination]);
  },
  combine: top(3),
  reduce: top(3),
});
