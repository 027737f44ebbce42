import { join } from 'node:path';
import { findJobHolder } from '../../local/job/job-lock.ts';
import { hasEnded } from '../../ports/ledger-job.ts';
import type { JobItem } from '../../ports/task-ledger.ts';
import { stdoutPath } from '../../work/work-layout.ts';
import type { Command } from '../arguments/command.ts';
import type { GivenArguments } from '../arguments/parse-arguments.ts';
import { namedStack, OPTIONAL_STACK_FLAGS, useAccount } from '../arguments/stack-flags.ts';
import { locksFolder, openWorkArea, type WorkArea } from '../local/work-area.ts';
import { escapeControls } from '../show/show-error.ts';
import { printToStdout } from '../show/standard-output.ts';
import type { StackAccess } from '../stack/stack-access.ts';

export const command: Command = {
  name: 'ls',
  operand: '',
  summary: 'Lists the jobs of this folder, or of a stack, newest first.',
  flags: [{ name: 'json', summary: 'as a JSON array' }, ...OPTIONAL_STACK_FLAGS],
  examples: ['refold ls', 'refold ls --json', 'refold ls --stack refold'],
  run,
};

async function run(given: GivenArguments): Promise<number> {
  const stack = namedStack(given);
  if (stack !== undefined) {
    useAccount(given);
    const { openStack } = await import('../stack/open-stack.ts');
    return await listOnStack(await openStack(stack), given);
  }
  const area = openWorkArea();
  const rows = area === undefined ? [] : await readRows(area);
  if (given.has('json')) await printToStdout(`${JSON.stringify(rows)}\n`);
  else if (rows.length === 0) process.stderr.write('No jobs were run in this folder.\n');
  else await printToStdout(formatRows(rows));
  return 0;
}

export async function listOnStack({ stack, world, isRunning }: StackAccess, given: GivenArguments): Promise<number> {
  const rows: Row[] = [];
  for (const job of await world.ledger.listJobs()) {
    const runs = !hasEnded(job.state) && (await isRunning(job));
    rows.push({ ...rowOf(job), output: job.outputPath, pid: null, isRunning: runs });
  }
  if (given.has('json')) await printToStdout(`${JSON.stringify(rows)}\n`);
  else if (rows.length === 0) process.stderr.write(`No jobs were run on the stack ${stack}.\n`);
  else await printToStdout(formatRows(rows));
  return 0;
}

type Row = {
  readonly jobId: string;
  readonly name: string;
  readonly state: JobItem['state'];
  readonly run: number;
  /** ISO 8601, of the first run and of the last change of state. */
  readonly created: string;
  readonly updated: string;
  /** Null for standard output. */
  readonly output: string | null;
  /** Process that runs it, or null. */
  readonly pid: number | null;
  /** Of a job on a stack: does Step Functions work on it? */
  readonly isRunning?: boolean;
};

async function readRows(area: WorkArea): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const job of await area.world.ledger.listJobs()) {
    const holder = hasEnded(job.state) ? undefined : await findJobHolder(locksFolder(area), job.jobId);
    const isStdout = job.outputPath === join(area.settings.workFolder, stdoutPath(job.jobId));
    rows.push({ ...rowOf(job), output: isStdout ? null : job.outputPath, pid: holder?.pid ?? null });
  }
  return rows;
}

function rowOf({ jobId, name, state, run: runNumber, createdAtMs, updatedAtMs }: JobItem): Omit<Row, 'output' | 'pid'> {
  const [created, updated] = [new Date(createdAtMs).toISOString(), new Date(updatedAtMs).toISOString()];
  return { jobId, name, state, run: runNumber, created, updated };
}

function formatRows(rows: readonly Row[]): string {
  const table = [
    ['job', 'state', 'run', 'changed', 'output'],
    ...rows.map(({ jobId, state, run: runNumber, updated, output, pid, isRunning }) => [
      jobId,
      hasEnded(state) ? state : `${state} ${isRunning ? '(running)' : pid === null ? '(stopped)' : `(process ${pid})`}`,
      String(runNumber),
      updated.slice(0, 19).replace('T', ' '),
      escapeControls(output ?? 'standard output'),
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((cells) => cells[column]!.length)));
  return table.map((cells) => `${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`).join('');
}
