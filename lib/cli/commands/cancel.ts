import { setTimeout as sleep } from 'node:timers/promises';
import { cancelJob } from '../../coordinator/cancel-job.ts';
import { findJobHolder } from '../../local/job/job-lock.ts';
import type { JobItem } from '../../ports/task-ledger.ts';
import type { Command } from '../arguments/command.ts';
import type { GivenArguments } from '../arguments/parse-arguments.ts';
import { namedStack, OPTIONAL_STACK_FLAGS } from '../arguments/stack-flags.ts';
import { findJob, locksFolder, requireWorkArea, type WorkArea } from '../local/work-area.ts';
import { EXIT_CODES } from '../show/exit-code.ts';
import { findStackJob } from '../stack/find-stack-job.ts';
import { onStack } from '../stack/on-stack.ts';
import type { StackAccess } from '../stack/stack-access.ts';

export const command: Command = {
  name: 'cancel',
  operand: '[jobId]',
  summary: 'Stops a job, wherever it runs; the newest one when none is named.',
  details:
    'Nothing appears at the output of a cancelled job. Finished tasks are kept for a while: refold resume goes on from them.',
  flags: OPTIONAL_STACK_FLAGS,
  examples: ['refold cancel', 'refold cancel word-count-1f0c', 'refold cancel word-count-1f0c --stack refold'],
  run,
};

/** How long to wait for the process that runs the job. */
const STOP_WAIT_MS = 10_000;
const STOP_POLL_MS = 50;

async function run(given: GivenArguments): Promise<number> {
  if (namedStack(given) !== undefined) return await onStack(given, (access) => cancelOnStack(access, given.operand));
  const area = requireWorkArea();
  const { jobId } = await findJob(area, given.operand);
  const job = await cancelJob(area.world.ledger, jobId);
  return await showCancel(jobId, job, async () => {
    const pid = await waitUntilStopped(area, jobId);
    return pid === undefined ? '' : `; process ${pid} has not stopped yet`;
  });
}

/** The ledger first: the end of an execution of a job that is not cancelled counts as a failure. */
export async function cancelOnStack(access: StackAccess, operand: string | undefined): Promise<number> {
  const found = await findStackJob(access, operand);
  const job = await cancelJob(access.world.ledger, found.jobId);
  return await showCancel(found.jobId, job, async () => {
    await access.stopExecution(job ?? found);
    return '; attempts that run end by themselves and change nothing';
  });
}

/** @param stop ends what works on the job; answers what is to be said of it */
async function showCancel(jobId: string, job: JobItem | undefined, stop: () => Promise<string>): Promise<number> {
  switch (job?.state) {
    case 'CANCELLED':
      process.stderr.write(`${jobId} is cancelled${await stop()}.\n`);
      return EXIT_CODES.done;
    case 'COMMITTING':
      process.stderr.write(`${jobId} cannot be cancelled: its output is being published, which only goes on.\n`);
      return EXIT_CODES.failed;
    default:
      process.stderr.write(`${jobId} had ended before: it is ${job?.state ?? 'gone'}.\n`);
      return EXIT_CODES.done;
  }
}

/** The coordinator looks for a cancel several times a second. Answers its pid if it runs on none the less. */
async function waitUntilStopped(area: WorkArea, jobId: string): Promise<number | undefined> {
  const giveUpAtMs = Date.now() + STOP_WAIT_MS;
  for (;;) {
    const holder = await findJobHolder(locksFolder(area), jobId);
    if (holder === undefined || Date.now() >= giveUpAtMs) return holder?.pid;
    await sleep(STOP_POLL_MS);
  }
}
