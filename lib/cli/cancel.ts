import { setTimeout as sleep } from 'node:timers/promises';
import { cancelJob } from '../coordinator/cancel-job.ts';
import { findJobHolder } from '../local/job-lock.ts';
import type { Command } from './command.ts';
import { EXIT_CODES } from './exit-code.ts';
import type { GivenArguments } from './parse-arguments.ts';
import { findJob, locksFolder, requireWorkArea, type WorkArea } from './work-area.ts';

export const command: Command = {
  name: 'cancel',
  operand: '[jobId]',
  summary: 'Stops a job, wherever it runs; the newest one when none is named.',
  details:
    'Nothing appears at the output of a cancelled job. Finished tasks are kept for a while: refold resume goes on from them.',
  flags: [],
  examples: ['refold cancel', 'refold cancel word-count-1f0c'],
  run,
};

/** How long to wait for the process that runs the job. */
const STOP_WAIT_MS = 10_000;
const STOP_POLL_MS = 50;

async function run({ operand }: GivenArguments): Promise<number> {
  const area = requireWorkArea();
  const { jobId } = await findJob(area, operand);
  const job = await cancelJob(area.world.ledger, jobId);
  switch (job?.state) {
    case 'CANCELLED': {
      const pid = await waitUntilStopped(area, jobId);
      process.stderr.write(`${jobId} is cancelled${pid === undefined ? '' : `; process ${pid} has not stopped yet`}.\n`);
      return EXIT_CODES.done;
    }
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
