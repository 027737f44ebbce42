import { join } from 'node:path';

import { buildStateMachine } from '../../coordinator/build-state-machine.ts';
import { forgetJob } from '../../coordinator/forget-job.ts';
import { JobCancelledError } from '../../coordinator/job-access.ts';
import { openJob, readSuccess } from '../../coordinator/open-job.ts';
import { OutputLeasedError } from '../../coordinator/output-leased-error.ts';
import { failureFromCause } from '../../coordinator/task-error.ts';
import { assert, RefoldError } from '../../errors.ts';
import { FailureError, toFailure } from '../../job/failure.ts';
import type { SuccessFile } from '../../output/success-file.ts';
import type { JobItem } from '../../ports/task-ledger.ts';
import type { World } from '../../ports/world.ts';
import { readJsonArray } from '../../work/json-array.ts';
import { type MachineOutcome, runMachine } from '../interpreter/run-machine.ts';

import { collectDoneJob } from './collect-garbage.ts';
import { acquireJobLock } from './job-lock.ts';
import { invokeLocal, isDeciding, LOCAL_ARNS, type LocalFunctions, type TaskEvent } from './local-functions.ts';
import type { PreparedJob } from './prepare-job.ts';

/** Another process runs this very job. */
export class JobRunningError extends RefoldError {
  override readonly name = 'JobRunningError';
  readonly code = 'REFOLD_JOB_RUNNING';
  readonly retryable = true;
  readonly hint: string;
  constructor(values: { jobId: string; pid: number; startedAtMs: number }, options?: ErrorOptions) {
    const since = values.startedAtMs === 0 ? '' : ` since ${new Date(values.startedAtMs).toISOString()}`;
    super(`${values.jobId} is run by process ${values.pid}${since}.`, values, options);
    this.hint = `Wait for it, or stop it with: refold cancel ${values.jobId}`;
  }
}

export type JobOutcome =
  | { readonly kind: 'done'; readonly success: SuccessFile; readonly already: boolean }
  | { readonly kind: 'stopped' };

export type ExecuteOptions = {
  readonly overwrite: boolean;
  readonly signal: AbortSignal;
  readonly onEvent: (event: TaskEvent) => void;
  /** Called once, when the run has its number. */
  readonly onStart?: (job: JobItem) => void;
};

/**
 * Takes a prepared job through the state machine, from wherever it stands. One coordinator a job at a time.
 * @throws the job's failure; JobRunningError, OutputOccupiedError, OutputLeasedError, JobCancelledError
 */
export async function executeJob(prepared: PreparedJob, options: ExecuteOptions): Promise<JobOutcome> {
  const { record, settings } = prepared;
  const lock = await acquireJobLock(join(settings.workFolder, 'locks'), record.jobId);
  if (lock.kind === 'held') throw new JobRunningError({ jobId: record.jobId, pid: lock.pid, startedAtMs: lock.startedAtMs });
  try {
    return await executeLocked(prepared, options);
  } finally {
    lock.release();
  }
}

async function executeLocked(prepared: PreparedJob, options: ExecuteOptions): Promise<JobOutcome> {
  const { record, world } = prepared;
  const { jobId } = record;
  const job = await openJob(world, record, options.overwrite, () => takeLease(prepared));
  if (job.kind === 'done') {
    await collectUsedUp(prepared);
    return job;
  }
  const executionId = world.ids.newId();
  const started = await world.ledger.startRun(jobId, job.item.run + 1, executionId);
  assert(started.kind === 'started', 'the lock keeps other runs away');
  try {
    await takeLease(prepared);
  } catch (error) {
    if (job.isNew) await forgetJob(world, jobId); // Another job was faster between the two looks at the lease.
    throw error;
  }
  options.onStart?.(started.job);
  const outcome = await runUnlessCancelled(prepared, started.job.run, options);
  const ended = await world.ledger.readJob(jobId);
  if (ended?.state === 'DONE') {
    const success = await readSuccess(world, record);
    await collectUsedUp(prepared);
    return { kind: 'done', success, already: false };
  }
  if (ended?.state === 'CANCELLED') throw new JobCancelledError({ jobId });
  if (outcome.status === 'ABORTED') return { kind: 'stopped' };
  assert(outcome.status === 'FAILED', 'a machine that succeeds leaves a DONE job');
  throw new FailureError(ended?.error ?? failureFromCause(outcome.error, outcome.cause));
}

/** A job that is done stays so: what can't be removed now is removed with the rest of its data. */
async function collectUsedUp({ settings, world, record }: PreparedJob): Promise<void> {
  try {
    await collectDoneJob(settings, world, record);
  } catch (error) {
    world.log.write('warn', 'what the job has used up was not removed', { jobId: record.jobId, error: toFailure(error).message });
  }
}

/** A job that was killed keeps its lease: it is taken over when nobody runs that job. */
async function takeLease({ record, settings, world }: PreparedJob): Promise<void> {
  const lease = await world.ledger.acquireLease(record.leaseKey, record.jobId);
  if (lease.kind === 'acquired') return;
  const lock = await acquireJobLock(join(settings.workFolder, 'locks'), lease.by);
  if (lock.kind === 'held') throw new OutputLeasedError({ output: record.output, jobId: lease.by });
  try {
    await world.ledger.releaseLease(record.leaseKey, lease.by);
    const second = await world.ledger.acquireLease(record.leaseKey, record.jobId);
    if (second.kind === 'held') throw new OutputLeasedError({ output: record.output, jobId: second.by });
  } finally {
    lock.release();
  }
}

/** How often a coordinator asks whether its job was cancelled. One indexed read. */
const CANCEL_POLL_MS = 300;

/** Runs the machine, and stops it at once when another process cancels the job; in any case the next change of state would be refused. */
async function runUnlessCancelled(prepared: PreparedJob, run: number, options: ExecuteOptions): Promise<MachineOutcome> {
  const { world, record } = prepared;
  const cancelled = new AbortController();
  const ended = new AbortController();
  const watching = watchCancel(world, record.jobId, cancelled, ended.signal);
  try {
    return await runJobMachine(prepared, run, { ...options, signal: AbortSignal.any([options.signal, cancelled.signal]) });
  } finally {
    ended.abort();
    await watching;
  }
}

async function watchCancel(world: World, jobId: string, cancelled: AbortController, ended: AbortSignal): Promise<void> {
  const sleep = () =>
    world.clock.sleep(CANCEL_POLL_MS, ended).then(
      () => true,
      () => false,
    );
  while (await sleep()) {
    // A ledger that cannot be read stops the job by itself, with the reason.
    const job = await world.ledger.readJob(jobId).catch(() => undefined);
    if (job?.state === 'CANCELLED') return cancelled.abort(new JobCancelledError({ jobId }));
  }
}

/** The machine answers as soon as it is aborted; a deciding function that is under way then still changes the job, and is waited for. */
async function runJobMachine(
  prepared: PreparedJob,
  run: number,
  { overwrite, signal, onEvent }: ExecuteOptions,
): Promise<MachineOutcome> {
  const { record, options, world, pool, workers } = prepared;
  const functions: LocalFunctions = {
    flow: { world, workers: workers === 'inline' ? 1 : workers, overwrite },
    pool,
    concurrency: options.concurrency,
    onEvent,
  };
  const deciding = new Set<Promise<unknown>>();
  try {
    return await runMachine(
      buildStateMachine(LOCAL_ARNS, { maxAttempts: options.maxAttempts }),
      { jobId: record.jobId, run },
      {
        invoke: (functionArn, payload, own) => {
          const answer = invokeLocal(functions, functionArn, payload, own);
          if (isDeciding(functionArn)) {
            deciding.add(answer);
            const forget = () => deciding.delete(answer);
            answer.then(forget, forget);
          }
          return answer;
        },
        readJsonArray: (_bucket, key) => readJsonArray(world, key),
        clock: world.clock,
        random: () => world.ids.random(),
        signal,
        executionName: `${record.jobId}-${run}`,
      },
    );
  } finally {
    await Promise.allSettled(deciding);
  }
}
