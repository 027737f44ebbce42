import { parseArgs } from 'node:util';
import { CONTESTANTS, type ContestantName, isRefold } from './contestants.ts';
import { WORKLOADS } from './workloads.ts';

export type BenchOptions = {
  readonly bytes: number;
  readonly runs: number;
  /** Names of workloads, in the table's order. */
  readonly workloads: readonly string[];
  readonly contestants: readonly ContestantName[];
  /** Measure peak memory instead of time. */
  readonly memory: boolean;
  readonly help: boolean;
};

export const HELP = `npm run bench -- [options]     times refold and its peers on seeded data, and compares all results

  --quick               100 MB and 3 runs, in place of 500 MB and 5 runs
  --size <size>         bytes of each input: 100MB, 2GB
  --runs <n>            runs of each contestant, taken in turns
  --only <names>        of ${WORKLOADS.map(({ name }) => name).join(' ')}
  --contestants <names> of ${Object.keys(CONTESTANTS).join(' ')}
  --peers-only          without refold
  --memory              peak memory of refold's processes, at 2 GB unless --size is given
  --help                this text

Names are separated by commas. Data and results stay in bench/data. Exit code 1: results differ, or refold failed. Time decides nothing.
`;

/** @throws Error with a sentence for the terminal */
export function parseBenchOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      size: { type: 'string' },
      runs: { type: 'string' },
      only: { type: 'string' },
      contestants: { type: 'string' },
      'peers-only': { type: 'boolean', default: false },
      memory: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const standardSize = values.quick ? '100MB' : values.memory ? '2GB' : '500MB';
  const all = Object.keys(CONTESTANTS) as ContestantName[];
  return {
    bytes: parseSize(values.size ?? standardSize),
    runs: parseCount(values.runs ?? (values.quick ? '3' : '5')),
    workloads: chooseNames(
      'only',
      values.only,
      WORKLOADS.map(({ name }) => name),
    ),
    contestants: chooseNames(
      'contestants',
      values.contestants,
      values['peers-only'] ? all.filter((name) => !isRefold(name)) : all,
    ),
    memory: values.memory,
    help: values.help,
  };
}

/** Decimal units: 1 MB is a million bytes. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(kB|MB|GB)?$/i.exec(text);
  if (match === null) throw new Error(`--size ${text} is no size: write 500MB or 2GB.`);
  const unit = { kb: 1e3, mb: 1e6, gb: 1e9 }[(match[2] ?? '').toLowerCase()] ?? 1;
  return Math.round(Number(match[1]) * unit);
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new Error(`--runs ${text} is no whole number from 1.`);
  return count;
}

function chooseNames<Name extends string>(option: string, text: string | undefined, all: readonly Name[]): Name[] {
  if (text === undefined) return [...all];
  const chosen = text.split(',').map((name) => name.trim());
  const unknown = chosen.find((name) => !(all as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`--${option} ${unknown} is none of ${all.join(', ')}.`);
  return all.filter((name) => chosen.includes(name));
}
