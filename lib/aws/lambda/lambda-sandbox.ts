import { readJobRecord } from '../../coordinator/job-access.ts';
import type { MapCall, SampleCall, SoloCall, TaskAnswer } from '../../coordinator/machine-call.ts';
import type { SandboxTask } from '../../coordinator/run-task.ts';
import { recordedTaskError, taskErrorName } from '../../coordinator/task-error.ts';
import type { Failure } from '../../errors.ts';
import { FailureError, toFailure } from '../../job/failure.ts';
import type { JobRecord } from '../../job/job-record.ts';
import type { Sandbox, SandboxJob, TaskProgress, TaskReport } from '../../node/sandbox/sandbox-message.ts';
import type { TaskId } from '../../ports/task-ledger.ts';
import type { World } from '../../ports/world.ts';
import { type RunRecord, readRunRecord } from '../start/run-record.ts';
import type { AttemptAccount } from './attempt-account.ts';
import type { AttemptLog, AttemptTask } from './attempt-log.ts';
import type { LastOf } from './last-of.ts';
import { lastOf } from './last-of.ts';
import { deadlineFailure, type Invocation, taskTimeoutMs } from './task-deadline.ts';

/** What a task function is called to do. */
export type LambdaTask =
  | { readonly role: 'map' | 'reduce'; readonly call: MapCall }
  | { readonly role: 'solo'; readonly call: SoloCall }
  | { readonly role: 'sample'; readonly call: SampleCall };

export type LambdaSandboxOptions = {
  /** Of the main thread: it reads what the job is, and tells the ledger of attempts that could not say how they ended. */
  readonly world: World;
  /** Where user code runs: a supervised thread of this process. */
  readonly sandbox: Sandbox;
  readonly runner: SandboxJob['runner'];
  readonly findCode: (code: JobRecord['code']) => Promise<string>;
  readonly log: AttemptLog;
  /** Is what an ended thread has left more than the next task could work beside? */
  readonly isSpent: () => boolean;
  /** Ends the process, so that the next task gets a fresh one. */
  readonly endProcess: () => void;
};

/**
 * The sandbox of one Lambda container: one attempt an invocation, of any job, in a thread that outlives neither its job nor what user code
 * does to it. Every attempt ends in the ledger, whatever becomes of its thread, and in one line of the log.
 */
export class LambdaSandbox {
  readonly #options: LambdaSandboxOptions;
  readonly #jobs: LastOf<JobRecord>;
  readonly #runs: LastOf<RunRecord>;

  constructor(options: LambdaSandboxOptions) {
    this.#options = options;
    this.#jobs = lastOf();
    this.#runs = lastOf();
  }

  /** @throws TaskError, whatever went wrong, which leaves the cause to the ledger; of a sample a FailureError, which has to tell it */
  async run(task: LambdaTask, invocation: Invocation): Promise<TaskAnswer> {
    const { world, log } = this.#options;
    const startedAtMs = performance.now();
    const attempted = attemptTaskOf(task);
    let attemptId: string | undefined;
    const end = await this.#attempt(task, attempted, invocation, (begun) => {
      attemptId = begun;
    });
    const { failure, bytes, records, requests } = end;
    // One that has ended already stays as it was. One that failed before it began is recorded too, since a phase that fails has no other
    // place for its cause.
    attemptId ??= world.ids.newId();
    if (failure !== undefined && task.role !== 'sample') await world.ledger.failAttempt(taskIdOf(attempted), attemptId, failure);
    const ms = Math.round(performance.now() - startedAtMs);
    log.ended({ ...attempted, attemptId, outcome: failure?.code ?? 'done', ms, bytes, records, requests });
    if (failure === undefined) return {};
    // Allocators keep what a dead thread has freed. The end of the process is of the same class as this failure, which the ledger knows; a
    // sample has only its error to tell it.
    const isLost = taskErrorName(failure) === 'SandboxLost';
    if (isLost && task.role !== 'sample' && this.#options.isSpent()) this.#options.endProcess();
    throw task.role === 'sample' ? new FailureError(withoutData(failure)) : recordedTaskError(failure);
  }

  /** Never throws. */
  async #attempt(
    task: LambdaTask,
    attempted: AttemptTask,
    invocation: Invocation,
    onBegun: (attemptId: string) => void,
  ): Promise<AttemptAccount> {
    let progress: TaskProgress = { bytes: 0, records: 0 };
    let attemptId = '';
    const onReport = (report: TaskReport) => {
      if (report.kind === 'progress') progress = report.progress;
      else if (report.kind === 'log') this.#options.log.userLine({ ...attempted, attemptId }, report.line);
      else {
        attemptId = report.attemptId;
        onBegun(attemptId);
      }
    };
    const failed = (failure: Failure): AttemptAccount => ({ failure, ...progress, requests: {} });
    try {
      const { sandbox } = this.#options;
      const run = await this.#prepare(task);
      const timeoutMs = taskTimeoutMs(invocation);
      const limits = { taskTimeoutMs: timeoutMs, recordTimeoutMs: run.recordTimeoutMs };
      const outcome = await sandbox.run(sandboxTaskOf(task, run), onReport, limits);
      if (outcome.kind === 'done') return outcome.answer as AttemptAccount;
      const { failure } = outcome;
      return failed(failure.code === 'REFOLD_TASK_TIMEOUT' ? deadlineFailure(failure, task.role, timeoutMs, progress) : failure);
    } catch (error) {
      return failed(toFailure(error));
    }
  }

  /** Readies the thread for the task's job. What a container has read of a job it keeps until it sees another. */
  async #prepare({ call }: LambdaTask): Promise<RunRecord> {
    const { world, sandbox, runner, findCode } = this.#options;
    const [job, run] = await Promise.all([
      this.#jobs(call.jobId, () => readJobRecord(world, call.jobId)),
      this.#runs(`${call.jobId}-${call.run}`, () => readRunRecord(world, call.jobId, call.run)),
    ]);
    sandbox.prepare({ bundlePath: await findCode(job.code), jobFile: job.code.file, runner });
    return run;
  }
}

/** As far as it can be told: what user code has thrown is cut to the start of its first line, which names the place. */
function withoutData(failure: Failure): Failure {
  const { values: _, ...rest } = failure;
  return { ...rest, message: failure.message.split('\n', 1)[0]!.slice(0, SAMPLE_MESSAGE_MAX).toWellFormed() };
}

const SAMPLE_MESSAGE_MAX = 300;

function sandboxTaskOf(task: LambdaTask, { concurrency }: RunRecord): SandboxTask {
  return task.role === 'sample' ? task : { ...task, concurrency };
}

function attemptTaskOf(task: LambdaTask): AttemptTask {
  const { role } = task;
  const { jobId, run } = task.call;
  switch (task.role) {
    case 'map':
    case 'reduce':
      return { jobId, run, step: task.call.step, role, phase: task.role, index: task.call.task.index };
    case 'solo':
      return { jobId, run, step: task.call.at.step, role, phase: 'reduce', index: 0 };
    case 'sample': // A task of the map's role that the ledger does not know.
      return { jobId, run, step: task.call.at.step, role, phase: 'map', index: 0 };
  }
}

function taskIdOf({ jobId, step, phase, index }: AttemptTask): TaskId {
  return { jobId, step, phase, index };
}
