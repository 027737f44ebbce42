import { assert, type Failure } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import {
  type Decision,
  decideBegin,
  decideCommit,
  decideFail,
  decideInvalidate,
  type LedgerAttempt,
  taskItemOf,
} from '../ports/ledger-attempt.ts';
import { hasEnded, invalidatedJob, type LedgerJob, mayInvalidate, movedJob, startedRun } from '../ports/ledger-job.ts';
import type { JobItem, JobState, Phase, TaskId, TaskItem, TaskLedger, TaskResult } from '../ports/task-ledger.ts';

/** A ledger in memory. Every method does its work before it first awaits, which makes it one transaction. */
export class MemoryTaskLedger implements TaskLedger {
  readonly #clock: Clock;
  readonly #jobs = new Map<string, LedgerJob>();
  /** By job, step and phase, then by index. */
  readonly #phases = new Map<string, Map<number, readonly LedgerAttempt[]>>();
  /** Job by output path. */
  readonly #leases = new Map<string, string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async createJob(job: JobItem): ReturnType<TaskLedger['createJob']> {
    const held = this.#jobs.get(job.jobId);
    if (held === undefined) {
      this.#jobs.set(job.jobId, { job: structuredClone(job) });
      return { kind: 'created', job: structuredClone(job) };
    }
    assert(held.job.fingerprint === job.fingerprint, `two different jobs must not share the id ${job.jobId}`);
    return { kind: 'exists', job: structuredClone(held.job) };
  }

  async readJob(jobId: string): Promise<JobItem | undefined> {
    return structuredClone(this.#jobs.get(jobId)?.job);
  }

  async listJobs(): Promise<readonly JobItem[]> {
    const jobs = [...this.#jobs.values()].map(({ job }) => structuredClone(job));
    return jobs.sort((left, right) => right.createdAtMs - left.createdAtMs);
  }

  async startRun(jobId: string, run: number, executionId: string): ReturnType<TaskLedger['startRun']> {
    const held = this.#job(jobId);
    const started = startedRun(held, run, executionId, this.#clock.nowMs());
    if (started === undefined) return { kind: 'refused', job: structuredClone(held.job) };
    this.#jobs.set(jobId, started);
    return { kind: 'started', job: structuredClone(started.job) };
  }

  async beginAttempt(task: TaskId, attemptId: string, sandboxMemoryBytes = 0): ReturnType<TaskLedger['beginAttempt']> {
    return this.#decide(task, (attempts) => decideBegin(attempts, attemptId, this.#clock.nowMs(), sandboxMemoryBytes));
  }

  async commit(task: TaskId, attemptId: string, result: TaskResult): ReturnType<TaskLedger['commit']> {
    return this.#decide(task, (attempts) => decideCommit(attempts, attemptId, structuredClone(result), this.#clock.nowMs()));
  }

  async failAttempt(task: TaskId, attemptId: string, failure: Failure): Promise<void> {
    this.#decide(task, (attempts) => decideFail(attempts, attemptId, structuredClone(failure), this.#clock.nowMs()));
  }

  async invalidate(task: TaskId, attemptId: string, run: number): Promise<'invalidated' | 'not-current'> {
    const held = this.#jobs.get(task.jobId);
    if (held === undefined || !mayInvalidate(held, run)) return 'not-current';
    return this.#decide(task, (attempts) => {
      const decision = decideInvalidate(attempts, attemptId);
      if (decision.record) this.#jobs.set(task.jobId, invalidatedJob(held, task.step, task.phase, this.#clock.nowMs()));
      return decision;
    });
  }

  async setJobState(
    jobId: string,
    from: JobState,
    to: JobState,
    run: number,
    options: { readonly generations?: readonly number[]; readonly error?: Failure } = {},
  ): ReturnType<TaskLedger['setJobState']> {
    const held = this.#job(jobId);
    const { generations, error } = structuredClone(options);
    const moved = movedJob(held, { from, to, run, generations, error }, this.#clock.nowMs());
    if (moved === undefined) return { kind: 'refused', job: structuredClone(held.job) };
    this.#jobs.set(jobId, moved);
    return { kind: 'moved', job: structuredClone(moved.job) };
  }

  async *readTasks(jobId: string, step: number, phase: Phase): AsyncGenerator<readonly TaskItem[]> {
    const tasks = this.#phases.get(phaseKey({ jobId, step, phase })) ?? new Map<number, readonly LedgerAttempt[]>();
    const indexes = [...tasks.keys()].sort((left, right) => left - right);
    for (let at = 0; at < indexes.length; at += PAGE_TASKS_MAX) {
      const page = indexes.slice(at, at + PAGE_TASKS_MAX);
      yield page.map((index) => structuredClone(taskItemOf(index, tasks.get(index) ?? [])));
    }
  }

  async readTask(task: TaskId): Promise<TaskItem | undefined> {
    const attempts = this.#phases.get(phaseKey(task))?.get(task.index);
    return attempts && structuredClone(taskItemOf(task.index, attempts));
  }

  async acquireLease(outputPath: string, jobId: string): ReturnType<TaskLedger['acquireLease']> {
    const by = this.#leases.get(outputPath);
    const holder = by === undefined ? undefined : this.#jobs.get(by);
    if (by !== undefined && by !== jobId && holder !== undefined && !hasEnded(holder.job.state)) return { kind: 'held', by };
    this.#leases.set(outputPath, jobId);
    return { kind: 'acquired' };
  }

  async releaseLease(outputPath: string, jobId: string): Promise<void> {
    if (this.#leases.get(outputPath) === jobId) this.#leases.delete(outputPath);
  }

  async deleteJob(jobId: string): Promise<void> {
    this.#jobs.delete(jobId);
    for (const key of this.#phases.keys()) {
      if ((JSON.parse(key) as unknown[])[0] === jobId) this.#phases.delete(key);
    }
    for (const [outputPath, by] of this.#leases) {
      if (by === jobId) this.#leases.delete(outputPath);
    }
  }

  #job(jobId: string): LedgerJob {
    const held = this.#jobs.get(jobId);
    assert(held !== undefined, `job ${jobId} is created before it is run`);
    return held;
  }

  #decide<Answer>(task: TaskId, decide: (attempts: readonly LedgerAttempt[]) => Decision<Answer>): Answer {
    const key = phaseKey(task);
    const tasks = this.#phases.get(key) ?? new Map<number, readonly LedgerAttempt[]>();
    const attempts = tasks.get(task.index) ?? [];
    const { answer, record } = decide(attempts);
    if (record !== undefined) {
      tasks.set(task.index, attempts.toSpliced(record.number - 1, 1, record));
      this.#phases.set(key, tasks);
    }
    return structuredClone(answer);
  }
}

const PAGE_TASKS_MAX = 1000;

function phaseKey({ jobId, step, phase }: Pick<TaskId, 'jobId' | 'step' | 'phase'>): string {
  return JSON.stringify([jobId, step, phase]);
}
