import { HEAVY, type Workload } from './workload.ts';

/** `npm run bench`, 500 MB, two workers on a quiet machine of two cores, 2026-11-21: MB/s of both together, on bytes and on strings. */
export const BENCH_MB_PER_SECOND = {
  'word count, few distinct': { bytes: 271, text: 153 },
  'word count, many distinct': { bytes: 87, text: 72 },
  'csv sum': { bytes: 385, text: 287 },
  join: { bytes: 66, text: 69 },
  sort: { bytes: 127, text: 126 },
  median: { bytes: 183, text: 151 },
  grep: { bytes: 818, text: 921 },
} as const;

const BENCH_WORKERS = 2;
/** A Lambda sandbox with one virtual processor is taken for half as fast as a core of the bench's machine. */
const LAMBDA_SHARE = 0.5;

type Figure = { readonly bench: keyof typeof BENCH_MB_PER_SECOND; readonly style?: 'bytes' | 'text' };

/** A worker of AWS: half of a worker of the bench. */
function workerSpeed({ bench, style = 'bytes' }: Figure): number {
  return (BENCH_MB_PER_SECOND[bench][style] / BENCH_WORKERS) * LAMBDA_SHARE;
}

const MIB = 1024 * 1024;

function workload(
  name: string,
  title: string,
  figure: Figure,
  rest: Omit<Workload, 'name' | 'title' | 'workerMbPerSecond'>,
): Workload {
  return { name, title, workerMbPerSecond: workerSpeed(figure), ...rest };
}

const AGGREGATE = { mapShare: 1, storedRatio: 0.5, outputRatio: 1 };

/** What `npm run model` goes through. Segments of aggregates are bounded by the distinct keys of the bench's data. */
export const WORKLOADS: readonly Workload[] = [
  workload('grep', 'grep and count', { bench: 'grep' }, { ...AGGREGATE, shuffleRatio: 0.001, segmentBytesMax: 1024 }),
  workload(
    'csv-sum',
    'CSV: sum by prefix of a field',
    { bench: 'csv sum' },
    { ...AGGREGATE, shuffleRatio: 0.3, segmentBytesMax: 2 * MIB },
  ),
  workload(
    'words-few',
    'word count, 20 thousand distinct',
    { bench: 'word count, few distinct' },
    {
      ...AGGREGATE,
      shuffleRatio: 1,
      segmentBytesMax: MIB / 2,
    },
  ),
  workload(
    'words-text',
    'the same, on strings',
    { bench: 'word count, few distinct', style: 'text' },
    {
      ...AGGREGATE,
      shuffleRatio: 1,
      segmentBytesMax: MIB / 2,
    },
  ),
  workload(
    'words-many',
    'word count, 2 million distinct',
    { bench: 'word count, many distinct' },
    {
      ...AGGREGATE,
      shuffleRatio: 1,
      segmentBytesMax: 40 * MIB,
      mapShare: 0.8,
    },
  ),
  workload(
    'join',
    'join of two CSVs',
    { bench: 'join' },
    {
      mapShare: 0.5,
      shuffleRatio: 0.5,
      segmentBytesMax: Number.POSITIVE_INFINITY,
      storedRatio: 0.6,
      outputRatio: 0.3,
    },
  ),
  workload(
    'sort',
    'total sort of 100-byte records',
    { bench: 'sort' },
    {
      mapShare: 0.5,
      shuffleRatio: 1,
      segmentBytesMax: Number.POSITIVE_INFINITY,
      storedRatio: 1,
      outputRatio: HEAVY.outputRatio,
    },
  ),
];
