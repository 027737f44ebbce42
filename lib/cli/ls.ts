import { join } from 'node:path';
import { findJobHolder } from '../local/job-lock.ts';
import { hasEnded } from '../ports/ledger-job.ts';
import type { JobItem } from '../ports/task-ledger.ts';
import { stdoutPath } from '../work/work-layout.ts';
import type { Command } from './command.ts';
import type { GivenArguments } from './parse-arguments.ts';
import { escapeControls } from './show-error.ts';
import { printToStdout } from './standard-output.ts';
import { locksFolder, openWorkArea, type WorkArea } from './work-area.ts';

export const command: Command = {
  name: 'ls',
  operand: '',
  summary: 'Lists the jobs of this folder, newest first.',
  flags: [{ name: 'json', summary: 'as a JSON array' }],
  examples: ['refold ls', 'refold ls --json'],
  run,
};

async function run(given: GivenArguments): Promise<number> {
  const area = openWorkArea();
  const rows = area === undefined ? [] : await readRows(area);
  if (given.has('json')) await printToStdout(`${JSON.stringify(rows)}\n`);
  else if (rows.length === 0) process.stderr.write('No jobs were run in this folder.\n');
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
};

async function readRows(area: WorkArea): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const job of await area.world.ledger.listJobs()) {
    const holder = hasEnded(job.state) ? undefined : await findJobHolder(locksFolder(area), job.jobId);
    const { jobId, name, state, run: runNumber, outputPath } = job;
    const isStdout = outputPath === join(area.settings.workFolder, stdoutPath(jobId));
    const created = new Date(job.createdAtMs).toISOString();
    const updated = new Date(job.updatedAtMs).toISOString();
    rows.push({
      jobId,
      name,
      state,
      run: runNumber,
      created,
      updated,
      output: isStdout ? null : outputPath,
      pid: holder?.pid ?? null,
    });
  }
  return rows;
}

function formatRows(rows: readonly Row[]): string {
  const table = [
    ['job', 'state', 'run', 'changed', 'output'],
    ...rows.map(({ jobId, state, run: runNumber, updated, output, pid }) => [
      jobId,
      hasEnded(state) ? state : `${state} ${pid === null ? '(stopped)' : `(process ${pid})`}`,
      String(runNumber),
      updated.slice(0, 19).replace('T', ' '),
      escapeControls(output ?? 'standard output'),
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((cells) => cells[column]!.length)));
  return table.map((cells) => `${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`).join('');
}
