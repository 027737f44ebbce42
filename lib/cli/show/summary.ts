import type { AttemptCounts, Receipt } from '../../output/receipt.ts';
import { type Row, showRows } from './rows.ts';
import { showBytes, showCount, showDuration, showNumberOf } from './show-quantity.ts';

const COUNTERS_SHOWN = 20;
/** The speed of a job that is mostly start-up says nothing. */
const SPEED_BYTES_MIN = 1e6;

/** What a finished job did, for the person at the terminal. @param elapsedMs of this run */
export function formatSummary(receipt: Receipt, values: { readonly elapsedMs: number; readonly where: string }): string {
  const { steps, output, counters, run, jobId } = receipt;
  const read = steps.reduce((sum, { map }) => sum + map.recordsRead, 0);
  const bytes = steps.reduce((sum, { map }) => sum + map.bytesRead, 0);
  // What earlier runs read took time that this one does not know.
  const speed = run === 1 && bytes >= SPEED_BYTES_MIN ? ` (${showBytes(Math.round((bytes * 1000) / values.elapsedMs))}/s)` : '';
  const rows: readonly Row[] = [
    ['done', `${jobId} in ${showDuration(values.elapsedMs)}${run === 1 ? '' : `, run ${run}`}`],
    ['read', `${showNumberOf(read, 'record')}, ${showBytes(bytes)}${speed}`],
    [
      'wrote',
      `${showNumberOf(output.records, 'record')}, ${showBytes(output.bytes)} in ${showNumberOf(output.parts, 'part')} to ${values.where}`,
    ],
    ['attempts', showAttempts(steps.flatMap(({ map, reduce }) => [map.attempts, reduce.attempts]))],
    ...counterRows(counters),
    ...steps.map((step): Row => ['receipt', showBalance(step, steps.length > 1)]),
  ];
  return showRows(rows);
}

function showAttempts(counts: readonly AttemptCounts[]): string {
  const sum = (name: keyof AttemptCounts): number => counts.reduce((total, count) => total + count[name], 0);
  const ends = (['committed', 'lost', 'failed', 'invalidated', 'abandoned'] as const).filter((name) => sum(name) > 0);
  return `${showCount(sum('begun'))} = ${ends.map((name) => `${showCount(sum(name))} ${name}`).join(' + ')}`;
}

function counterRows(counters: Receipt['counters']): readonly Row[] {
  const names = Object.keys(counters).sort();
  const rows = names.slice(0, COUNTERS_SHOWN).map((name): Row => ['counter', `${name} = ${showCount(counters[name]!)}`]);
  return names.length <= COUNTERS_SHOWN
    ? rows
    : [...rows, ['counter', `and ${names.length - COUNTERS_SHOWN} more: see refold status --json`]];
}

/** The equations that were checked before the output was published, with their numbers. */
function showBalance({ name, map, reduce }: Receipt['steps'][number], isChain: boolean): string {
  const shuffled = map.pairsEmitted - map.pairsCombined;
  const combined = map.pairsCombined === 0 ? '' : ` + ${showCount(map.pairsCombined)} combined away`;
  const used = [
    [reduce.recordsDelivered, 'delivered'],
    [reduce.recordsCombined, 'combined'],
    [reduce.recordsSkipped, 'skipped'],
  ] as const;
  const isMapOnly = reduce.recordsFetched === 0 && reduce.groups === 0 && shuffled > 0 && reduce.pairsEmitted === 0;
  const equations = [
    `${showCount(map.recordsRead)} read = ${showCount(map.recordsMapped)} mapped`,
    ...(isMapOnly
      ? [`${showCount(map.pairsEmitted)} emitted = written`]
      : [
          `${showCount(map.pairsEmitted)} emitted = ${showCount(shuffled)} shuffled${combined}`,
          `${showCount(reduce.recordsFetched)} fetched = ${used
            .filter(([count], at) => at === 0 || count > 0)
            .map(([count, word]) => `${showCount(count)} ${word}`)
            .join(' + ')}`,
          `${showCount(reduce.pairsEmitted)} emitted by reduce = written`,
        ]),
  ];
  return `${isChain ? `${name}: ` : ''}${equations.join('; ')}`;
}
