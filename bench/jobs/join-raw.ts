import { defineJob, type Emit, input, rawLines, type Slice } from 'refold';
import { topSources } from './top-sources.ts';

const COMMA = 44;

/** A page's rank, or the source and revenue of a visit to it. */
type Row = number | readonly [source: Slice, revenue: number];

function mapVisit(visit: Slice, emit: Emit<Slice, Row>): void {
  const sourceEnd = visit.indexOf(COMMA);
  const urlEnd = visit.indexOf(COMMA, sourceEnd + 1);
  const year = visit.sub(urlEnd + 1, urlEnd + 5).toNumber();
  if (year < 2021 || year > 2023) return;
  const revenueStart = visit.indexOf(COMMA, urlEnd + 1) + 1;
  const revenue = visit.sub(revenueStart, visit.indexOf(COMMA, revenueStart)).toNumber();
  emit(visit.sub(sourceEnd + 1, urlEnd), [visit.sub(0, sourceEnd), revenue]);
}

function mapPage(page: Slice, emit: Emit<Slice, Row>): void {
  emit(page.field(0, COMMA), page.field(1, COMMA).toNumber());
}

const joined = defineJob({
  inputs: { visits: input(rawLines(), mapVisit), pages: input(rawLines(), mapPage) },
  reduce(_url, rows, emit: Emit<Uint8Array, readonly [revenue: number, rank: number]>) {
    let rank: number | undefined;
    const visits: (readonly [Uint8Array, number])[] = [];
    for (const row of rows) {
      if (typeof row === 'number') rank = row;
      else visits.push(row);
    }
    if (rank === undefined) return;
    for (const [source, revenue] of visits) emit(source, [revenue, rank]);
  },
});

export default topSources(joined);
