import { defineJob, type Emit, type Job, pairs } from 'refold';

const TOP = 10;

/** An address as the join left it: bytes or text. */
type Source = string | Uint8Array;
type Visit = readonly [revenue: number, rank: number];
type SourceTotal = readonly [revenue: number, source: Source, rank: number];

/** From one pair a visit, [source, [revenue, rank]], to the ten sources with the most revenue: [source, [revenue, mean rank]]. */
export function topSources(joined: Job<Source, Visit>) {
  const totals = defineJob({
    input: pairs(joined),
    map([source, visit], emit: Emit<Source, Visit>) {
      emit(source, visit);
    },
    reduce(source, visits, emit: Emit<Source, Visit>) {
      let revenue = 0;
      let rank = 0;
      let count = 0;
      for (const visit of visits) {
        revenue += visit[0];
        rank += visit[1];
        count++;
      }
      emit(source, [revenue, rank / count]);
    },
  });
  return defineJob({
    input: pairs(totals),
    map([source, [revenue, rank]], emit: Emit<null, SourceTotal>) {
      emit(null, [revenue, source, rank]);
    },
    combine(_, sources, emit) {
      for (const source of mostRevenue(sources)) emit(null, source);
    },
    reduce(_, sources, emit: Emit<Source, Visit>) {
      for (const [revenue, source, rank] of mostRevenue(sources)) emit(source, [revenue, rank]);
    },
  });
}

function mostRevenue<Total extends SourceTotal>(sources: Iterable<Total>): Total[] {
  const best: Total[] = [];
  for (const source of sources) {
    if (best.length === TOP && source[0] <= best[TOP - 1]![0]) continue;
    const place = best.findIndex((other) => other[0] < source[0]);
    best.splice(place === -1 ? best.length : place, 0, source);
    if (best.length > TOP) best.pop();
  }
  return best;
}
