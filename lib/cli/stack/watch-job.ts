import type { StartedJob } from '../../aws/start/start-job.ts';
import { JobCancelledError } from '../../coordinator/job-access.ts';
import { readStatus } from '../../coordinator/job-status.ts';
import { RefoldError } from '../../errors.ts';
import { FailureError } from '../../job/failure.ts';
import type { JobRecord } from '../../job/job-record.ts';
import type { Receipt } from '../../output/receipt.ts';
import type { JobItem } from '../../ports/task-ledger.ts';
import { readJson } from '../../work/json-object.ts';
import { receiptKey } from '../../work/work-layout.ts';
import { EXIT_CODES, exitCodeOfJob } from '../show/exit-code.ts';
import { openProgressView } from '../show/progress.ts';
import { showRows } from '../show/rows.ts';
import { showError } from '../show/show-error.ts';
import { listenForSignals } from '../show/signals.ts';
import { printToStdout } from '../show/standard-output.ts';
import { stackStatusJson } from '../show/status-json.ts';
import { formatSummary } from '../show/summary.ts';
import { followJob } from './follow-job.ts';
import { readCostUsd } from './job-cost.ts';
import { COST_OF, showUsd } from './show-cost.ts';
import type { StackAccess } from './stack-access.ts';

export type WatchOptions = {
  readonly isQuiet: boolean;
  readonly isJson: boolean;
  /** What `--stack` and the like add to commands that are shown. */
  readonly flags: string;
};

/** The execution of a run is gone, and the job does not go on by itself. */
export class ExecutionLostError extends RefoldError {
  override readonly name = 'ExecutionLostError';
  readonly code = 'REFOLD_EXECUTION_LOST';
  readonly retryable = true;
  readonly hint = 'Finished tasks are kept: go on with refold resume.';
  constructor(values: { jobId: string; run: number; state: string }, options?: ErrorOptions) {
    super(`Run ${values.run} of ${values.jobId} is ${values.state}, and Step Functions does not work on it.`, values, options);
  }
}

/** What comes after the start of a job: it is followed, or with --detach named. Answers the exit code. */
export async function followStarted(
  access: StackAccess,
  record: JobRecord,
  started: StartedJob,
  options: WatchOptions & { readonly isDetached: boolean },
): Promise<number> {
  const { jobId, output } = record;
  const { isQuiet, isJson, isDetached, flags } = options;
  const say = (text: string): void => {
    if (!isQuiet) process.stderr.write(text);
  };
  if (started.kind === 'done') {
    say(`${jobId} was done before: its output is at ${output}. Run it anew with --new.\n`);
    if (isJson) await printStatus(access, jobId, await readCostUsd(access, jobId, record.shape.steps.length));
    return EXIT_CODES.done;
  }
  say(`${jobId} ${STARTED[started.kind]}, run ${started.run}\n`);
  if (!isDetached) return await watchJob(access, record, options);
  say(`follow it: refold watch ${jobId}${flags}\n`);
  await printToStdout(isJson ? `${JSON.stringify({ jobId, run: started.run, output })}\n` : `${jobId}\n`);
  return EXIT_CODES.done;
}

const STARTED = { started: 'is started', running: 'runs already', left: 'has ended' } as const;

/** Shows a job on a stack until it ends; answers the exit code of how it ended. The first Ctrl-C stops watching, not the job. */
export async function watchJob(access: StackAccess, record: JobRecord, options: WatchOptions): Promise<number> {
  const { jobId } = record;
  const { flags } = options;
  const stopping = listenForSignals(() => {});
  stopping.begin();
  try {
    const view = await openProgressView(options.isQuiet);
    const end = await followJob(access, record, view, stopping.signal);
    if (end.kind === 'left') {
      process.stderr.write(
        `no longer watching; ${jobId} goes on. Watch again: refold watch ${jobId}${flags}; stop it: refold cancel ${jobId}${flags}\n`,
      );
      return stopping.exitCode() ?? EXIT_CODES.interrupted;
    }
    const exitCode =
      end.kind === 'lost'
        ? showFailure(new ExecutionLostError({ jobId, run: end.job.run, state: end.job.state }), jobId, flags)
        : await showEnd(access, record, end.job, end.costUsd, options);
    if (options.isJson) await printStatus(access, jobId, end.costUsd);
    return exitCode;
  } catch (error) {
    if (!(error instanceof RefoldError) || error.code === 'REFOLD_INVARIANT') throw error;
    const more = `refold watch ${jobId}${flags}      the job may run on`;
    process.stderr.write(showError(error, { jobId, headline: 'no longer watching', more }));
    return EXIT_CODES.failed;
  } finally {
    stopping.close();
  }
}

/** A job that ended: its summary, or why it failed. */
async function showEnd(
  { world }: StackAccess,
  record: JobRecord,
  job: JobItem,
  costUsd: number,
  { isQuiet, flags }: WatchOptions,
): Promise<number> {
  const { jobId, output } = record;
  if (job.state === 'CANCELLED') return showFailure(new JobCancelledError({ jobId }), jobId, flags, costUsd);
  if (job.state === 'FAILED') {
    return showFailure(
      job.error === undefined ? new Error('no reason was recorded') : new FailureError(job.error),
      jobId,
      flags,
      costUsd,
    );
  }
  const receipt = await readJson<Receipt>(world, receiptKey(jobId));
  if (!isQuiet && receipt !== undefined) {
    process.stderr.write(formatSummary(receipt, { elapsedMs: Math.max(1, job.updatedAtMs - job.createdAtMs), where: output }));
    process.stderr.write(
      showRows([
        ['cost', `${showUsd(costUsd)}, ${COST_OF}`],
        ['next', `refold cat ${jobId}${flags}`],
      ]),
    );
  }
  return EXIT_CODES.done;
}

function showFailure(error: Error, jobId: string, flags: string, costUsd?: number): number {
  const exitCode = exitCodeOfJob(error);
  const headline = exitCode === EXIT_CODES.cancelled ? 'the job was cancelled' : 'the job failed';
  process.stderr.write(
    showError(error, {
      jobId,
      headline: costUsd === undefined ? headline : `${headline}, ${showUsd(costUsd)} spent`,
      more: `refold logs ${jobId}${flags} --errors      finished tasks are kept: refold resume ${jobId}${flags}`,
    }),
  );
  return exitCode;
}

/** As `status --json`. */
export async function printStatus({ world }: Pick<StackAccess, 'world'>, jobId: string, costUsd: number): Promise<void> {
  await printToStdout(`${JSON.stringify(stackStatusJson(await readStatus(world, jobId), costUsd))}\n`);
}
