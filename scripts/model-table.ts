import { AWS_LIMITS } from '../lib/aws/cost/aws-limits.ts';
import { WORKLOADS } from '../lib/aws/cost/bench-figures.ts';
import { bindingLimits, largestForOneLevel, type ModelRow, modelJob } from '../lib/aws/cost/model-job.ts';

export const MODEL_BYTES: readonly number[] = [1e9, 1e10, 1e11, 1e12, 5e12, 1e13, 1e14];
export const MODEL_WORKERS: readonly number[] = [10, 100, 1_000, 10_000];
const MIB = 1024 * 1024;

export function modelRows(bytes = MODEL_BYTES, workers = MODEL_WORKERS): readonly ModelRow[] {
  return WORKLOADS.flatMap((workload) => bytes.flatMap((size) => workers.map((count) => modelJob(workload, size, count))));
}

/** All of what docs/cost-model.md shows of the model, as Markdown. */
export function modelTables(): string {
  return [
    '### By size, with 1,000 workers',
    jobTable(modelRows(MODEL_BYTES, [1_000])),
    '### By workers, at 1 and 5 TB',
    jobTable(modelRows([1e12, 5e12]).filter(({ workload }) => workload === 'grep' || workload === 'sort')),
    '### The bill of 1 TB with 1,000 workers, in dollars',
    billTable(),
    '### Up to which input one level of shuffle serves, in TB, by workers',
    oneLevelTable(),
    '### What a second level would change, with 1,000 workers',
    secondLevelTable(),
  ].join('\n\n');
}

export function jobTable(rows: readonly ModelRow[]): string {
  const header = ['job', 'input', 'workers', 'splits', 'each', 'partitions', 'reduce tasks', 'S3 GET', 'S3 PUT', 'transitions'];
  return table(
    [...header, 'ledger writes', 'map', 'reduce', 'in all', 'started in', '$', '$/TB', 'binds'],
    rows.map((row) => {
      const { step, estimate, seconds } = row;
      return [
        row.workload,
        showBytes(row.bytes),
        showCount(row.workers),
        showCount(step.splits),
        `${Math.round(step.inputBytes / step.splits / MIB)} MiB`,
        showCount(step.partitions),
        showCount(step.reduceTasks),
        showCount(estimate.requests.s3Get),
        showCount(estimate.requests.s3Put),
        showCount(estimate.machine.transitions),
        showCount(estimate.requests.ledgerWrites),
        showSeconds(seconds.map),
        showSeconds(seconds.reduce),
        showSeconds(seconds.total),
        `${row.startSeconds.toFixed(1)} s`,
        estimate.usd.toFixed(estimate.usd < 1 ? 4 : 2),
        row.usdPerTb.toFixed(2),
        showBinding(row),
      ];
    }),
  );
}

function billTable(): string {
  const rows = WORKLOADS.map((workload) => modelJob(workload, 1e12, 1_000));
  const items = rows[0]!.estimate.items.map(({ item }) => item);
  return table(
    ['item', ...rows.map(({ workload }) => workload)],
    [
      ...items.map((item, at) => [item, ...rows.map(({ estimate }) => estimate.items[at]!.usd.toFixed(3))]),
      ['in all', ...rows.map(({ estimate }) => estimate.usd.toFixed(3))],
    ],
  );
}

function oneLevelTable(): string {
  return table(
    ['job', ...MODEL_WORKERS.map(showCount)],
    WORKLOADS.map((workload) => [
      workload.name,
      ...MODEL_WORKERS.map((workers) => {
        const tb = largestForOneLevel(workload, workers) / 1e12;
        return tb >= 100 ? 'over 100' : tb.toFixed(1);
      }),
    ]),
  );
}

function secondLevelTable(): string {
  const rows = modelRows(
    MODEL_BYTES.filter((bytes) => bytes >= 1e12),
    [1_000],
  ).filter(({ workload }) => workload === 'join' || workload === 'sort');
  return table(
    ['job', 'input', 'GETs, one level', 'GETs, two levels', 'fetching, one level', 'fetching, two levels'],
    rows.map(({ workload, bytes, estimate, shuffle }) => [
      workload,
      showBytes(bytes),
      showCount(estimate.requests.s3Get),
      showCount(shuffle.twoLevelGets),
      showSeconds(shuffle.oneLevelSeconds),
      showSeconds(shuffle.twoLevelSeconds),
    ]),
  );
}

/** Hard limits that are exceeded, and soft ones that cost the job a tenth of its time or more. */
function showBinding(row: ModelRow): string {
  const binding = bindingLimits(row).filter(
    ({ limit }) => limit !== 'getsPerSecond' || row.getWaitSeconds > row.seconds.total / 10,
  );
  return binding.map(({ limit, share }) => `${AWS_LIMITS[limit].title} ×${share.toFixed(1)}`).join(', ');
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), `|${header.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

function showBytes(bytes: number): string {
  return bytes >= 1e12 ? `${bytes / 1e12} TB` : `${bytes / 1e9} GB`;
}

function showCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

function showSeconds(seconds: number): string {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  return seconds < 6_000 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`;
}
