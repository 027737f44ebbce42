import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSet } from './data-set.ts';
import type { Command } from './measure.ts';
import type { Workload } from './workloads.ts';

const BENCH_FOLDER = import.meta.dirname;
const ROOT_FOLDER = join(BENCH_FOLDER, '..');
/** What stands between the name of a job and its input; `soloBytes` 0 so that the whole path is measured, however small the input. */
const REFOLD_FLAGS = ['--solo-bytes', '0', '--overwrite', '--new', '--quiet'];
/** What a user installs. */
export const REFOLD_PROGRAM = join(ROOT_FOLDER, 'bin', 'refold.cjs');

/** Who runs in a workload, in the order they take turns. The first that can is what the others' results are compared with. */
export const CONTESTANTS = {
  plain: 'plain Node script',
  fast: 'refold, bytes',
  duckdb: 'DuckDB',
  easy: 'refold, text',
  one: 'refold, bytes, 1 worker',
  polars: 'polars',
  mawk: 'mawk',
  'gnu-sort': 'GNU sort',
} as const;
export type ContestantName = keyof typeof CONTESTANTS;

export function isRefold(name: ContestantName): boolean {
  return name === 'fast' || name === 'easy' || name === 'one';
}

/** What a contestant needs to know to run: where the data lies, and where its result goes. */
export type Place = {
  readonly inputs: readonly DataSet[];
  /** The command's working folder. */
  readonly folder: string;
  readonly output: string;
  /** The module that Node runs as `refold`. */
  readonly refoldProgram: string;
};

/** The command, or a sentence on why this contestant does not run it. */
export type Entry = { readonly command: Command } | { readonly absent: string };

export function enter(name: ContestantName, workload: Workload, place: Place): Entry {
  switch (name) {
    case 'fast':
      return refold(workload.jobs.fast, 2, place);
    case 'one':
      return workload.target.scaling === undefined ? { absent: 'measured in three rows' } : refold(workload.jobs.fast, 1, place);
    case 'easy':
      return refold(workload.jobs.easy, 2, place);
    case 'plain':
      return node(join('plain', `${workload.task}.mjs`), [], workload, place);
    case 'duckdb':
      return installed('@duckdb/node-api') ?? node('duckdb.mjs', [workload.task], workload, place);
    case 'polars':
      return installed('nodejs-polars') ?? node('polars.mjs', [workload.task], workload, place);
    case 'mawk':
      return mawk(workload, place);
    case 'gnu-sort':
      return gnuSort(workload, place);
  }
}

/** The files of a result, in order: one file, or the parts in a folder. */
export function resultFiles(output: string, name: ContestantName): string[] {
  if (!isRefold(name)) return [output];
  return readdirSync(output)
    .filter((file) => file.startsWith('part-'))
    .sort()
    .map((file) => join(output, file));
}

/** The command line of `refold run`, to which a caller may add flags. */
export function refoldCommand(job: string, inputs: readonly string[], place: Place, flags: readonly string[]): Command {
  const args = [place.refoldProgram, 'run', join(BENCH_FOLDER, 'jobs', job), ...inputs.flatMap((input) => ['--input', input])];
  return { file: process.execPath, args: [...args, '--output', place.output, ...REFOLD_FLAGS, ...flags], folder: place.folder };
}

function refold(job: string, workers: number, place: Place): Entry {
  if (!existsSync(place.refoldProgram)) return { absent: `${place.refoldProgram} is not there` };
  const named = place.inputs.length > 1;
  const inputs = place.inputs.map(({ name, path }) => (named ? `${name}=${path}` : path));
  return { command: refoldCommand(job, inputs, place, ['--workers', `${workers}`]) };
}

function node(script: string, first: readonly string[], workload: Workload, place: Place): Entry {
  const args = [join(BENCH_FOLDER, 'peers', script), ...first, place.output, ...place.inputs.map(({ path }) => path)];
  if (workload.argument !== undefined) args.push(workload.argument);
  return { command: { file: process.execPath, args, folder: place.folder, env: { POLARS_MAX_THREADS: '2' } } };
}

function installed(packageName: string): { absent: string } | undefined {
  return existsSync(join(BENCH_FOLDER, 'node_modules', packageName)) ? undefined : { absent: `${packageName} is not installed` };
}

function mawk(workload: Workload, place: Place): Entry {
  const absent = workload.impossible?.mawk ?? missingProgram('mawk', ['-W', 'version']);
  if (absent !== undefined) return { absent };
  const needle = workload.argument === undefined ? [] : ['-v', `needle=${workload.argument}`];
  // The smaller table of a join comes first: awk keeps it.
  const inputs = place.inputs.map(({ path }) => path).reverse();
  const args = [...needle, '-f', join(BENCH_FOLDER, 'peers', 'mawk', `${workload.task}.awk`), ...inputs];
  return { command: { file: 'mawk', args, folder: place.folder, env: { LC_ALL: 'C' }, stdoutPath: place.output } };
}

function gnuSort(workload: Workload, place: Place): Entry {
  const absent = workload.impossible?.['gnu-sort'] ?? missingProgram('sort', ['--version'], 'GNU');
  if (absent !== undefined) return { absent };
  const args = ['--parallel=2', '-o', place.output, ...place.inputs.map(({ path }) => path)];
  return { command: { file: 'sort', args, folder: place.folder, env: { LC_ALL: 'C' } } };
}

function missingProgram(program: string, args: readonly string[], mark = ''): string | undefined {
  const { error, stdout } = spawnSync(program, args, { encoding: 'utf8' });
  return error === undefined && stdout.includes(mark)
    ? undefined
    : `there is no ${mark} ${program} on this machine`.replace('  ', ' ');
}
