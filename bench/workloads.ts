import type { DataSetName } from './data-set.ts';
import { NEEDLE } from './generators/log-lines.ts';
import type { ResultShape } from './result.ts';

/** One row of the table: what is computed, by whom, and what refold must reach. */
export type Workload = {
  readonly name: string;
  readonly title: string;
  /** In the order the plain script takes them; with more than one, these are also the names of the job's inputs. */
  readonly inputs: readonly DataSetName[];
  /** Files in `bench/jobs`: the one on bytes, and the one a user writes first. */
  readonly jobs: { readonly fast: string; readonly easy: string };
  /** What every peer calls it: a query of `duckdb.mjs` and `polars.mjs`, a script in `plain`, a program in `mawk`. */
  readonly task: string;
  /** A further argument for the peers. */
  readonly argument?: string;
  /** Peers that cannot do this, and why. */
  readonly impossible?: Readonly<Partial<Record<'mawk' | 'gnu-sort', string>>>;
  readonly result: ResultShape;
  readonly target: Target;
  /** Seconds of the peers at 500 MB on the machine that the targets come from. */
  readonly recordSeconds: { readonly duckdb: number; readonly plain: number; readonly 'gnu-sort'?: number };
};

/** Upper limits of ratios of wall times. */
export type Target = {
  readonly fastAgainst: 'duckdb' | 'gnu-sort';
  readonly fast: number;
  /** Met as well by a wall time up to this. */
  readonly fastSeconds?: number;
  /** Of the easy job to the plain script. */
  readonly easy?: number;
  /** One worker's wall time to that of two, at least. */
  readonly scaling?: number;
};

const ONLY_SORTS = 'only sorts';
const CANNOT_SORT = 'has no sort';

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'words-few',
    title: 'word count, 20 thousand distinct',
    inputs: ['text-few'],
    jobs: { fast: 'word-count-raw.ts', easy: 'word-count-lines.ts' },
    task: 'word-count',
    impossible: { 'gnu-sort': ONLY_SORTS },
    result: 'counts',
    target: { fastAgainst: 'duckdb', fast: 1.2, easy: 0.6, scaling: 1.8 },
    recordSeconds: { duckdb: 1.9, plain: 10.4 },
  },
  {
    name: 'words-many',
    title: 'word count, 2 million distinct',
    inputs: ['text-many'],
    jobs: { fast: 'word-count-raw.ts', easy: 'word-count-lines.ts' },
    task: 'word-count',
    impossible: { 'gnu-sort': ONLY_SORTS },
    result: 'counts',
    target: { fastAgainst: 'duckdb', fast: 2, easy: 0.35 },
    recordSeconds: { duckdb: 2.65, plain: 53.7 },
  },
  {
    name: 'csv-sum',
    title: 'CSV: sum by prefix of a field',
    inputs: ['visits'],
    jobs: { fast: 'csv-sum-raw.ts', easy: 'csv-sum-csv.ts' },
    task: 'csv-sum',
    impossible: { 'gnu-sort': ONLY_SORTS },
    result: 'decimals',
    target: { fastAgainst: 'duckdb', fast: 3, easy: 0.6, scaling: 1.8 },
    recordSeconds: { duckdb: 0.78, plain: 5.2 },
  },
  {
    name: 'join',
    title: 'join of two CSVs, aggregate, top ten',
    inputs: ['visits', 'pages'],
    jobs: { fast: 'join-raw.ts', easy: 'join-csv.ts' },
    task: 'join',
    impossible: { 'gnu-sort': ONLY_SORTS },
    result: 'decimals',
    target: { fastAgainst: 'duckdb', fast: 2, easy: 0.35 },
    recordSeconds: { duckdb: 2.45, plain: 15 },
  },
  {
    name: 'sort',
    title: 'sort of 100-byte records',
    inputs: ['records'],
    jobs: { fast: 'sort-fixed.ts', easy: 'sort-lines.ts' },
    task: 'sort',
    impossible: { mawk: CANNOT_SORT },
    result: 'sorted lines',
    target: { fastAgainst: 'gnu-sort', fast: 1.5, easy: 0.25 },
    recordSeconds: { duckdb: 2, plain: 17, 'gnu-sort': 2.6 },
  },
  {
    name: 'median',
    title: 'median per key, one key with 90 % of records',
    inputs: ['hot-key'],
    jobs: { fast: 'median-raw.ts', easy: 'median-csv.ts' },
    task: 'median',
    impossible: { mawk: CANNOT_SORT, 'gnu-sort': ONLY_SORTS },
    result: 'decimals',
    target: { fastAgainst: 'duckdb', fast: 3, easy: 0.4, scaling: 1.8 },
    recordSeconds: { duckdb: 1.36, plain: 11.4 },
  },
  {
    name: 'grep',
    title: 'grep and count',
    inputs: ['log-lines'],
    jobs: { fast: 'grep-raw.ts', easy: 'grep-lines.ts' },
    task: 'grep',
    argument: NEEDLE,
    impossible: { 'gnu-sort': ONLY_SORTS },
    result: 'counts',
    target: { fastAgainst: 'duckdb', fast: 1.5, easy: 0.7 },
    recordSeconds: { duckdb: 0.55, plain: 1.2 },
  },
  {
    name: 'ten-lines',
    title: 'ten lines, process start to exit',
    inputs: ['ten-lines'],
    jobs: { fast: 'word-count-raw.ts', easy: 'word-count-lines.ts' },
    task: 'word-count',
    impossible: { 'gnu-sort': ONLY_SORTS },
    result: 'counts',
    target: { fastAgainst: 'duckdb', fast: 2, fastSeconds: 0.35 },
    recordSeconds: { duckdb: 0.18, plain: 0.07 },
  },
];
