import { assert, RefoldError } from '../errors.ts';
import type { JobRecord } from '../job/job-record.ts';
import type { JobItem, JobState } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { jobKey } from '../work/work-layout.ts';
import { STATE_TRIES_MAX, StateContestedError } from './state-contested-error.ts';

/** Another coordinator has started this job anew: this run must stop and change nothing. */
export class RunReplacedError extends RefoldError {
  override readonly name = 'RunReplacedError';
  readonly code = 'REFOLD_RUN_REPLACED';
  readonly retryable = false;
  readonly hint = 'Look at the newer run: refold status.';
  constructor(values: { jobId: string; run: number; currentRun: number; state: string }, options?: ErrorOptions) {
    super(
      `Run ${values.run} of ${values.jobId} was replaced by run ${values.currentRun}; the job is ${values.state}.`,
      values,
      options,
    );
  }
}

/** The state machine of this run has marked the job as failed already: what still runs of it must change nothing. */
export class RunEndedError extends RefoldError {
  override readonly name = 'RunEndedError';
  readonly code = 'REFOLD_RUN_ENDED';
  readonly retryable = false;
  readonly hint = 'Run the same command again to go on from the finished tasks.';
  constructor(values: { jobId: string; run: number }, options?: ErrorOptions) {
    super(`Run ${values.run} of ${values.jobId} has ended: the job is FAILED.`, values, options);
  }
}

/** Someone cancelled the job while it ran. */
export class JobCancelledError extends RefoldError {
  override readonly name = 'JobCancelledError';
  readonly code = 'REFOLD_CANCELLED';
  readonly retryable = false;
  readonly hint = 'Run the same command again to go on from the finished tasks.';
  constructor(values: { jobId: string }, options?: ErrorOptions) {
    super(`${values.jobId} was cancelled.`, values, options);
  }
}

export async function readJobRecord(world: Pick<World, 'work'>, jobId: string): Promise<JobRecord> {
  return JSON.parse(Buffer.from(await world.work.read(jobKey(jobId))).toString('utf8')) as JobRecord;
}

export async function readJobItem(world: Pick<World, 'ledger'>, jobId: string): Promise<JobItem> {
  const job = await world.ledger.readJob(jobId);
  assert(job !== undefined, 'a job that runs is in the ledger');
  return job;
}

/**
 * Moves the job to `to`, from whichever state it is in, by conditional writes alone. COMMITTING only rolls forward: it is left by
 * `invalidate`, never here, and DONE is entered from COMMITTING alone: see `enterDone`.
 * FAILED is left by the next run alone. @throws RunReplacedError, RunEndedError, JobCancelledError,
 * StateContestedError
 */
export async function enterState(
  world: Pick<World, 'ledger'>,
  jobId: string,
  run: number,
  to: JobState,
  options: { readonly generations?: readonly number[] } = {},
): Promise<'moved' | 'generations-changed'> {
  let job = await readJobItem(world, jobId);
  for (let tries = 1; ; tries++) {
    if (job.run !== run || job.state === 'DONE')
      throw new RunReplacedError({ jobId, run, currentRun: job.run, state: job.state });
    if (job.state === 'CANCELLED') throw new JobCancelledError({ jobId });
    if (job.state === 'FAILED') throw new RunEndedError({ jobId, run });
    if (job.state === to) return 'moved';
    if (options.generations !== undefined && JSON.stringify(job.generations) !== JSON.stringify(options.generations))
      return 'generations-changed';
    assert(job.state !== 'COMMITTING', 'COMMITTING only rolls forward');
    const answer = await world.ledger.setJobState(jobId, job.state, to, run, options);
    if (answer.kind === 'moved') return 'moved';
    if (tries === STATE_TRIES_MAX) throw new StateContestedError({ jobId, run, to });
    job = answer.job;
  }
}

/** `left` when a commit was invalidated since: the job is in a phase again. @throws RunReplacedError */
export async function enterDone(world: Pick<World, 'ledger'>, jobId: string, run: number): Promise<'done' | 'left'> {
  const { kind, job } = await world.ledger.setJobState(jobId, 'COMMITTING', 'DONE', run);
  if (kind === 'moved' || job.state === 'DONE') return 'done';
  if (job.run !== run) throw new RunReplacedError({ jobId, run, currentRun: job.run, state: job.state });
  return 'left';
}
