import { join } from 'node:path';
import { findJobHolder } from '../../local/job/job-lock.ts';
import { hasEnded } from '../../ports/ledger-job.ts';
import type { JobItem } from '../../ports/task-ledger.ts';
import { stdoutPath } from '../../work/work-layout.ts';
import type { Command } from '../arguments/command.ts';
import type { GivenArguments } from '../arguments/parse-arguments.ts';
import { namedStack, OPTIONAL_STACK_FLAGS } from '../arguments/stack-flags.ts';
import { locksFolder, openWorkArea, type WorkArea } from '../local/work-area.ts';
import { EXIT_CODES } from '../show/exit-code.ts';
import { printToStdout } from '../show/standard-output.ts';
import { showTable } from '../show/table.ts';
import { onStack } from '../stack/on-stack.ts';
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
  if (namedStack(given) !== undefined) return await onStack(given, (access) => listOnStack(access, given));
  const area = openWorkArea();
  return await showJobs(area === undefined ? [] : await readRows(area), given, 'in this folder');
}

export async function listOnStack({ stack, world, isRunning }: StackAccess, given: GivenArguments): Promise<number> {
  const rows: JobRow[] = [];
  for (const job of await world.ledger.listJobs()) {
    const runs = !hasEnded(job.state) && (await isRunning(job));
    rows.push({ ...rowOf(job), output: job.outputPath, pid: null, isRunning: runs });
  }
  return await showJobs(rows, given, `on the stack ${stack}`);
}

async function showJobs(rows: readonly JobRow[], given: GivenArguments, where: string): Promise<number> {
  if (given.has('json')) await printToStdout(`${JSON.stringify(rows)}\n`);
  else if (rows.length === 0) process.stderr.write(`No jobs were run ${where}.\n`);
  else await printToStdout(showTable(['job', 'state', 'run', 'changed', 'output'], rows.map(cellsOf)));
  return EXIT_CODES.done;
}

/** What `ls --json` prints of a job. */
type JobRow = {
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

async function readRows(area: WorkArea): Promise<readonly JobRow[]> {
  const rows: JobRow[] = [];
  for (const job of await area.world.ledger.listJobs()) {
    const holder = hasEnded(job.state) ? undefined : await findJobHolder(locksFolder(area), job.jobId);
    const isStdout = job.outputPath === join(area.settings.workFolder, stdoutPath(job.jobId));
    rows.push({ ...rowOf(job), output: isStdout ? null : job.outputPath, pid: holder?.pid ?? null });
  }
  return rows;
}

function rowOf({ jobId, name, state, run: runNumber, createdAtMs, updatedAtMs }: JobItem): Omit<JobRow, 'output' | 'pid'> {
  const [created, updated] = [new Date(createdAtMs).toISOString(), new Date(updatedAtMs).toISOString()];
  return { jobId, name, state, run: runNumber, created, updated };
}

function cellsOf({ jobId, state, run: runNumber, updated, output, pid, isRunning }: JobRow): readonly string[] {
  const holder = isRunning ? 'running' : pid === null ? 'stopped' : `process ${pid}`;
  return [
    jobId,
    hasEnded(state) ? state : `${state} (${holder})`,
    String(runNumber),
    updated.slice(0, 19).replace('T', ' '),
    output ?? 'standard output',
  ];
}
