import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchOptions } from './bench-options.ts';
import { type Entry, enter, type Place, REFOLD_PROGRAM, refoldCommand } from './contestants.ts';
import { openDataSet } from './data-set.ts';
import { formatBytes, table } from './format-report.ts';
import { measure } from './measure.ts';
import { WORKLOADS } from './workloads.ts';

/** 256 MiB, refold's own default. */
const MEMORY_BYTES = 268_435_456;
/** What a worker may hold besides `memoryBytes`. */
const WORKER_EXTRA_BYTES = 150_000_000;
const COORDINATOR_BYTES_MAX = 200_000_000;
const BYTES_A_TASK = 1_000;
/** 100,000 map tasks go with the 2 GB of the other rows. */
const INPUT_BYTES_A_TASK = 20_000;

type MemoryRow = {
  readonly title: string;
  readonly of: 'worker' | 'coordinator';
  readonly limitBytes: number;
  readonly peakBytes: number | undefined;
  readonly seconds: number | undefined;
  /** Map tasks, where there are very many. */
  readonly tasks?: number;
  readonly failure: string | undefined;
};

/** Markdown of refold's peak memory: of a worker where much is sorted, counted or gathered, and of the coordinator with very many tasks. */
export async function measureMemory(
  options: BenchOptions,
  dataFolder: string,
  runFolder: string,
): Promise<{ text: string; isRight: boolean }> {
  const rows: MemoryRow[] = [];
  for (const name of ['words-many', 'sort', 'median', 'join'])
    if (options.workloads.includes(name)) rows.push(await workerRow(name, options.bytes, dataFolder, runFolder));
  const tasks = Math.round(options.bytes / INPUT_BYTES_A_TASK);
  rows.push(...(await tasksRows('word count', 'word-count-raw.ts', tasks, dataFolder, runFolder)));
  rows.push(...(await tasksRows('copy, no reduce', 'copy-raw.ts', tasks, dataFolder, runFolder)));
  const header = ['job', 'peak MB', 'of', 'limit MB', 'seconds', 'tasks a second', ''];
  const lines = rows.map(({ title, of, limitBytes, peakBytes, seconds, tasks, failure }) => [
    title,
    peakBytes === undefined ? '–' : (peakBytes / 1e6).toFixed(0),
    of === 'worker' ? 'largest worker' : of,
    (limitBytes / 1e6).toFixed(0),
    seconds === undefined ? '–' : seconds.toFixed(0),
    seconds === undefined || tasks === undefined ? '–' : (tasks / seconds).toFixed(0),
    failure?.replaceAll('\n', ' ') ?? (peakBytes === undefined ? 'not measured' : peakBytes <= limitBytes ? 'met' : '**missed**'),
  ]);
  return {
    text: `# Peak resident memory\n\n${table(header, lines)}`,
    isRight: rows.every(({ failure }) => failure === undefined),
  };
}

async function workerRow(name: string, bytes: number, dataFolder: string, runFolder: string): Promise<MemoryRow> {
  const workload = WORKLOADS.find((each) => each.name === name)!;
  const inputs = [];
  for (const input of workload.inputs) inputs.push(await openDataSet(dataFolder, input, bytes));
  const place = emptyPlace(runFolder);
  const entry = enter('fast', workload, { inputs, ...place });
  const { peak, ...rest } = await peakOf(entry, ['--memory-bytes', `${MEMORY_BYTES}`], place.folder);
  const title = `${workload.title}, ${formatBytes(bytes)}`;
  return { title, of: 'worker', limitBytes: MEMORY_BYTES + WORKER_EXTRA_BYTES, peakBytes: peak?.workerBytes, ...rest };
}

/** Of one run with very many small tasks: its coordinator, and the larger one of its two workers. */
async function tasksRows(
  what: string,
  job: string,
  tasks: number,
  dataFolder: string,
  runFolder: string,
): Promise<readonly MemoryRow[]> {
  const input = await openDataSet(dataFolder, 'text-few', tasks * BYTES_A_TASK);
  const place = { inputs: [input], ...emptyPlace(runFolder) };
  const flags = ['--workers', '2', '--split-bytes', `${BYTES_A_TASK}`, '--reduce-tasks', '2'];
  const entry = { command: refoldCommand(job, [input.path], place, [...flags, '--memory-bytes', `${MEMORY_BYTES}`]) };
  const { peak, ...rest } = await peakOf(entry, [], place.folder);
  const row = { title: `${what}, ${tasks.toLocaleString('en')} map tasks`, tasks, ...rest };
  return [
    { ...row, of: 'coordinator', limitBytes: COORDINATOR_BYTES_MAX, peakBytes: peak?.rootBytes },
    { ...row, of: 'worker', limitBytes: MEMORY_BYTES + WORKER_EXTRA_BYTES, peakBytes: peak?.workerBytes },
  ];
}

function emptyPlace(runFolder: string): Omit<Place, 'inputs'> {
  rmSync(runFolder, { recursive: true, force: true });
  mkdirSync(runFolder, { recursive: true });
  return { folder: runFolder, output: join(runFolder, 'result'), refoldProgram: REFOLD_PROGRAM };
}

async function peakOf(entry: Entry, flags: readonly string[], folder: string) {
  if ('absent' in entry) return { peak: undefined, seconds: undefined, failure: entry.absent };
  const { command } = entry;
  const { memory, seconds, failure } = await measure({ ...command, args: [...command.args, ...flags] });
  rmSync(folder, { recursive: true, force: true });
  return { peak: memory, seconds, failure };
}
