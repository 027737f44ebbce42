import { type JobStatus, type PhaseStatus, readStatus } from '../../coordinator/job-status.ts';
import { findJobHolder } from '../../local/job/job-lock.ts';
import { hasEnded } from '../../ports/ledger-job.ts';
import type { Command } from '../arguments/command.ts';
import type { GivenArguments } from '../arguments/parse-arguments.ts';
import { namedStack, OPTIONAL_STACK_FLAGS } from '../arguments/stack-flags.ts';
import { findJob, locksFolder, requireWorkArea } from '../local/work-area.ts';
import { type Row, showRows, textRows } from '../show/rows.ts';
import { showNumberOf } from '../show/show-quantity.ts';
import { printToStdout } from '../show/standard-output.ts';
import { stackStatusJson, statusJson } from '../show/status-json.ts';
import { findStackJob } from '../stack/find-stack-job.ts';
import { readCostUsd } from '../stack/job-cost.ts';
import { onStack } from '../stack/on-stack.ts';
import { COST_OF, showUsd } from '../stack/show-cost.ts';
import type { StackAccess } from '../stack/stack-access.ts';

export const command: Command = {
  name: 'status',
  operand: '[jobId]',
  summary: 'Says how a job stands; the newest job when none is named.',
  details:
    'Works while another process runs the job, and after a kill. The beginning of an id will do. On a stack it also says what the job has cost so far.',
  flags: [{ name: 'json', summary: 'as one JSON object' }, ...OPTIONAL_STACK_FLAGS],
  examples: ['refold status', 'refold status word-count-1f0c --json', 'refold status --stack refold'],
  run,
};

async function run(given: GivenArguments): Promise<number> {
  if (namedStack(given) !== undefined) return await onStack(given, (access) => statusOnStack(access, given));
  const area = requireWorkArea();
  const job = await findJob(area, given.operand);
  const status = await readStatus(area.world, job.jobId);
  if (given.has('json')) {
    await printToStdout(`${JSON.stringify(statusJson(status))}\n`);
    return 0;
  }
  const holder = hasEnded(status.state) ? undefined : await findJobHolder(locksFolder(area), job.jobId);
  await printToStdout(formatStatus(status, describeHolder(status.state, holder?.pid)));
  return 0;
}

export async function statusOnStack(access: StackAccess, given: GivenArguments): Promise<number> {
  const job = await findStackJob(access, given.operand);
  const status = await readStatus(access.world, job.jobId);
  const costUsd = await readCostUsd(access, job.jobId, status.steps.length);
  if (given.has('json')) {
    await printToStdout(`${JSON.stringify(stackStatusJson(status, costUsd))}\n`);
    return 0;
  }
  const isRunning = !hasEnded(job.state) && (await access.isRunning(job));
  const holder = isRunning ? ', running' : describeHolder(status.state, undefined);
  await printToStdout(formatStatus(status, holder, costUsd));
  return 0;
}

function formatStatus(status: JobStatus, holder: string, costUsd?: number): string {
  const { jobId, state, run: runNumber, steps, counters, receipt, error, output } = status;
  const rows: Row[] = [
    ['job', jobId],
    ['state', `${state}, run ${runNumber}${holder}`],
  ];
  for (const [index, { solo, map, reduce }] of steps.entries()) {
    const step = steps.length === 1 ? '' : `step ${index + 1}: `;
    if (solo) rows.push(['whole', step + describePhase(reduce)]);
    else rows.push(['map', step + describePhase(map)], ['reduce', step + describePhase(reduce)]);
  }
  for (const [name, value] of Object.entries(counters)) rows.push(['counter', `${name} = ${value}`]);
  rows.push(['output', receipt === null ? output : `${output}: ${showNumberOf(receipt.output.records, 'record')}`]);
  if (costUsd !== undefined) rows.push(['cost', `${showUsd(costUsd)} so far, ${COST_OF}`]);
  if (error !== null) rows.push(...textRows('error', `${error.code} ${error.message}`), ...textRows('do', error.hint ?? ''));
  return showRows(rows);
}

function describeHolder(state: JobStatus['state'], pid: number | undefined): string {
  if (pid !== undefined) return pid === 0 ? ', running' : `, run by process ${pid}`;
  return hasEnded(state) ? '' : ', not running: go on with refold resume';
}

function describePhase({ tasks, committed, attempts }: PhaseStatus): string {
  if (tasks === 0) return 'no tasks';
  return `${committed} of ${showNumberOf(tasks, 'task')} committed, ${showNumberOf(attempts, 'attempt')}`;
}
