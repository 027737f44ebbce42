// Joins two tables: the flights that leave each airport, with the airport's name.
//
//   refold run examples/join.ts --input flights=node_modules/vega-datasets/data/flights-airport.csv --input airports=node_modules/vega-datasets/data/airports.csv
import { csv, defineJob, type Emit, input } from 'refold';

const airportColumns = { iata: 'string', name: 'string', state: 'string' } as const;
const routeColumns = { origin: 'string', count: 'number' } as const;

type Row = { kind: 'airport'; name: string; state: string } | { kind: 'flights'; count: number };
type Departures = { name: string; state: string; flights: number };

export default defineJob({
  inputs: {
    airports: input(csv({ header: true, columns: airportColumns }), ({ iata, name, state }, emit: Emit<string, Row>) => {
      emit(iata, { kind: 'airport', name, state });
    }),
    flights: input(csv({ header: true, columns: routeColumns }), ({ origin, count }, emit: Emit<string, Row>) => {
      emit(origin, { kind: 'flights', count });
    }),
  },
  reduce(iata, rows, emit: Emit<string, Departures>, task) {
    let airport: { name: string; state: string } | undefined;
    let flights = 0;
    for (const row of rows) {
      if (row.kind === 'airport') airport = row;
      else flights += row.count;
    }
    if (flights === 0) return;
    if (airport === undefined) task.counter('flights of unknown airports').add(flights);
    else emit(iata, { name: airport.name, state: airport.state, flights });
  },
});
