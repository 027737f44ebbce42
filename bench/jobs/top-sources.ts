import { defineJob, type Emit, type Job, pairs, top } from 'refold';

const TOP = 10;

/** An address as the join left it: bytes or text. */
type Source = string | Uint8Array;
type Visit = readonly [revenue: number, rank: number];
type SourceTotal = readonly [revenue: number, source: Source, rank: number];

/** From one pair a visit, [source, [revenue, rank]], to the ten sources with the most revenue: [source, [revenue, mean rank]]. */
export function topSources(joined: Job<Source, Visit>) {
  const totals = defineJob({
    input: pairs(joined),
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
    combine: top(TOP),
    reduce(_, sources, emit: Emit<Source, Visit>) {
      for (const [revenue, source, rank] of sources) emit(source, [revenue, rank]);
    },
  });
}
