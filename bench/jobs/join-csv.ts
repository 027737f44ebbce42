import { csv, defineJob, type Emit, input } from 'refold';
import { topSources } from './top-sources.ts';
import { pageColumns, visitColumns } from './visit-columns.ts';

/** A page's rank, or the source and revenue of a visit to it. */
type Row = number | readonly [source: string, revenue: number];

const joined = defineJob({
  inputs: {
    visits: input(csv({ columns: visitColumns }), (visit, emit: Emit<string, Row>) => {
      if (visit.visitDate < '2021-01-01' || visit.visitDate >= '2024-01-01') return;
      emit(visit.destURL, [visit.sourceIP, visit.adRevenue]);
    }),
    pages: input(csv({ columns: pageColumns }), (page, emit: Emit<string, Row>) => {
      emit(page.pageURL, page.pageRank);
    }),
  },
  reduce(_url, rows, emit: Emit<string, readonly [revenue: number, rank: number]>) {
    let rank: number | undefined;
    const visits: (readonly [string, number])[] = [];
    for (const row of rows) {
      if (typeof row === 'number') rank = row;
      else visits.push(row);
    }
    if (rank === undefined) return;
    for (const [source, revenue] of visits) emit(source, [revenue, rank]);
  },
});

export default topSources(joined);
