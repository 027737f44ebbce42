import { cancelJob } from '../../coordinator/cancel-job.ts';
import { JobCancelledError, readJobItem, readJobRecord } from '../../coordinator/job-access.ts';
import { type JobStatus, readStatus } from '../../coordinator/job-status.ts';
import { readSuccess } from '../../coordinator/open-job.ts';
import { readOutputPairs } from '../../coordinator/read-output-pairs.ts';
import { failureFromCause } from '../../coordinator/task-error.ts';
import { assert, RefoldError } from '../../errors.ts';
import type { Pair } from '../../job/define-job.ts';
import { FailureError } from '../../job/failure.ts';
import type { SuccessFile } from '../../output/success-file.ts';
import { hasEnded } from '../../ports/ledger-job.ts';
import type { JobItem } from '../../ports/task-ledger.ts';
import { executionFailure } from '../start/execution-failure.ts';
import { executionName } from '../start/executions.ts';
import type { StackClient } from './submit-job.ts';

/** The number of workers of a run on AWS is fixed when the run starts. */
export class ScaleRefusedError extends RefoldError {
  override readonly name = 'ScaleRefusedError';
  readonly code = 'REFOLD_SCALE_REFUSED';
  readonly retryable = false;
  readonly hint: string;
  constructor(values: { jobId: string; workers: number }, options?: ErrorOptions) {
    const { jobId, workers } = values;
    super(`${jobId} runs on AWS: its workers cannot be changed while it runs.`, values, options);
    this.hint = `Cancel it and resume it with --workers ${workers}: it goes on from its finished tasks.`;
  }
}

const POLL_MS_FIRST = 250;
const POLL_MS_MAX = 10_000;
const POLL_GROWTH = 1.4;
/** Between an execution's end and its mark in the ledger lie an event and an invocation; then the end itself is the answer. */
const MARK_GRACE_MS = 30_000;

/**
 * A job on AWS. It runs by itself: whoever holds this may go, and come back with `connect().job(id)`. It differs from the `LocalJob` of
 * `run()` in two: `events` yields the job's status when it has changed, since nobody here sees the attempts, and `scale` is refused.
 */
export class AwsJob<P extends Pair = Pair> {
  readonly id: string;
  private readonly client: Pick<StackClient, 'world' | 'executions'>;

  constructor(client: Pick<StackClient, 'world' | 'executions'>, jobId: string) {
    this.client = client;
    this.id = jobId;
  }

  status(): Promise<JobStatus> {
    return readStatus(this.client.world, this.id);
  }

  /** The status each time that it has changed, until the job ends; the first at once. Asked at growing intervals, 10 s at most. */
  async *events(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<JobStatus> {
    let last = '';
    for await (const _ of this.polls(options.signal)) {
      const status = await this.status();
      const text = JSON.stringify(status);
      if (text !== last) yield status;
      last = text;
      if (hasEnded(status.state)) return;
    }
  }

  /** @throws ScaleRefusedError, always: the state machine has fixed how many tasks run at a time */
  scale(workers: number): never {
    throw new ScaleRefusedError({ jobId: this.id, workers });
  }

  /**
   * Ends the job; the same job started again goes on from its finished tasks. A job that is committing is waited for instead: its output is
   * about to be there. Nothing happens to one that has ended.
   */
  async cancel(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { world, executions } = this.client;
    // Again and again, because a commit may be taken back to its phase.
    for await (const _ of this.polls(options.signal)) {
      const job = await cancelJob(world.ledger, this.id);
      if (job === undefined) return;
      if (job.state === 'CANCELLED') {
        const cause = 'The job is CANCELLED in the ledger.';
        if (job.run > 0) await executions.stop(executionName(this.id, job.run), { error: 'Cancelled', cause });
        return;
      }
      if (hasEnded(job.state) || (await this.lostEnd(job)) !== undefined) return;
    }
  }

  /**
   * Resolves when the output is there. A run that somebody starts meanwhile is waited for too.
   * @throws FailureError with what the job failed of, JobCancelledError
   */
  async result(options: { readonly signal?: AbortSignal } = {}): Promise<SuccessFile> {
    const { world } = this.client;
    for await (const _ of this.polls(options.signal)) {
      const job = await readJobItem(world, this.id);
      switch (job.state) {
        case 'DONE':
          return await readSuccess(world, await readJobRecord(world, this.id));
        case 'FAILED':
          throw new FailureError(job.error ?? failureFromCause('JobFailed', undefined));
        case 'CANCELLED':
          throw new JobCancelledError({ jobId: this.id });
        default: {
          const lost = await this.lostEnd(job);
          if (lost !== undefined) throw lost;
        }
      }
    }
    assert(false, 'polls never end');
  }

  /** The output's pairs, in order, read back from its parts once the job is done. @throws PairsNotKeptError */
  async *output(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<P> {
    await this.result(options);
    const { world } = this.client;
    yield* readOutputPairs(world, await readJobRecord(world, this.id)) as AsyncGenerator<P>;
  }

  /** When the execution of the current run was first seen to have ended. */
  private endSeen: { readonly run: number; readonly atMs: number } | undefined;

  /** What a run failed of whose execution has ended, and which nobody has marked within a while. */
  private async lostEnd({ run }: JobItem): Promise<FailureError | undefined> {
    if (run === 0) return undefined;
    const { executions, world } = this.client;
    const execution = await executions.describe(executionName(this.id, run));
    const nowMs = world.clock.nowMs();
    if (execution.kind !== 'ended') this.endSeen = undefined;
    else if (this.endSeen?.run !== run) this.endSeen = { run, atMs: nowMs };
    if (execution.kind !== 'ended' || nowMs - this.endSeen!.atMs < MARK_GRACE_MS) return undefined;
    return new FailureError(executionFailure(this.id, run, execution));
  }

  /** One turn at once, then at growing intervals, for as long as the job may run. @throws what aborts `signal` */
  private async *polls(signal: AbortSignal | undefined): AsyncGenerator<void> {
    for (let waitMs = POLL_MS_FIRST; ; waitMs = Math.min(POLL_MS_MAX, waitMs * POLL_GROWTH)) {
      signal?.throwIfAborted();
      yield;
      await this.client.world.clock.sleep(waitMs, signal);
    }
  }
}
