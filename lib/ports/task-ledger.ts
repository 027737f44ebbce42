import type { Failure } from '../errors.ts';

export type Phase = 'map' | 'reduce';
/** `step` counts the jobs of a chain from 0. Solo is the reduce task 0 of a step without map tasks in the ledger. */
export type TaskId = { readonly jobId: string; readonly step: number; readonly phase: Phase; readonly index: number };

export type JobState = 'PLANNING' | 'MAPPING' | 'REDUCING' | 'COMMITTING' | 'DONE' | 'FAILED' | 'CANCELLED';

/** The job item. Small: content options, params and the plan are in `job.json`. */
export type JobItem = {
  readonly jobId: string;
  /** Hash of everything that names the job; two jobs with one id and two fingerprints are a bug. */
  readonly fingerprint: string;
  readonly name: string;
  readonly outputPath: string;
  readonly state: JobState;
  /** 0 before the first startRun. */
  readonly run: number;
  readonly executionId: string;
  /** One number a step, raised when a committed map result of the step is invalidated. */
  readonly generations: readonly number[];
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly error?: Failure;
};

/** What a committed map attempt left. Counts and counters are in the segment's footer. */
export type MapResult = {
  readonly kind: 'map';
  readonly segmentKey: string;
  readonly segmentBytes: number;
  readonly footerStart: number;
  /** Attempts of earlier steps whose pairs this one mapped; absent when there were none. */
  readonly upstream?: readonly string[];
};
/** What a committed reduce attempt left, or the map attempt of a map-only job, or Solo. Parts and account are in the attempt file. */
export type OutputResult = {
  readonly kind: 'reduce';
  readonly attemptKey: string;
  /** SHA-256 of the index rows that the attempt read, and their generation; `''` and 0 where there was no shuffle. */
  readonly digest: string;
  readonly generation: number;
  /** As in MapResult, of a map-only job or Solo. */
  readonly upstream?: readonly string[];
};
export type TaskResult = MapResult | OutputResult;

export type Commit = { readonly attemptId: string; readonly committedAtMs: number; readonly result: TaskResult };

/**
 * All that the ledger knows of a task. Every attempt is counted under exactly one end, so
 * `attempts = (commit ? 1 : 0) + lost + failed + invalidated.length + abandoned`; see `countAbandoned`.
 */
export type TaskItem = {
  readonly index: number;
  /** Begun ones. An attempt that the ledger meets at its end counts as begun. */
  readonly attempts: number;
  /** Attempts that found another's commit. */
  readonly lost: number;
  readonly failed: number;
  readonly commit?: Commit;
  /** Of the failed attempt that began last. */
  readonly lastFailure?: Failure;
  /** Attempt ids whose commit was invalidated, in the order they began. */
  readonly invalidated: readonly string[];
  readonly usage: TaskUsage;
};

/** What a task's attempts have used, for its price. Memory is that of the whole sandbox, as it is billed. */
export type TaskUsage = {
  /** Memory × time of the attempts that have ended: MB (2^20 bytes) times milliseconds. */
  readonly finishedMbMs: number;
  /** Those that have begun and not ended, in that order: they run, or were killed. */
  readonly running: readonly { readonly beganAtMs: number; readonly sandboxMemoryMb: number }[];
};

/** Attempts that began and ended nowhere: they were killed, or still run. */
export function countAbandoned(task: TaskItem): number {
  return task.attempts - (task.commit === undefined ? 0 : 1) - task.lost - task.failed - task.invalidated.length;
}

/**
 * Who has committed what. Every method that changes something is one conditional write, safe to repeat after a lost reply;
 * several callers may race, and the first wins.
 */
export interface TaskLedger {
  /** Condition: no such job. A job of that id with another fingerprint is an InvariantError. */
  createJob(job: JobItem): Promise<{ readonly kind: 'created' | 'exists'; readonly job: JobItem }>;
  readJob(jobId: string): Promise<JobItem | undefined>;
  /** Newest first. */
  listJobs(): Promise<readonly JobItem[]>;
  /**
   * Condition: the job exists (else an InvariantError), is not DONE, and run = `run` - 1, or run = `run` with my executionId. A FAILED or CANCELLED job goes back to PLANNING; any
   * other keeps its state. The error is cleared. From then on state changes of older runs are refused. A repeat changes nothing.
   */
  startRun(
    jobId: string,
    run: number,
    executionId: string,
  ): Promise<{ readonly kind: 'started' | 'refused'; readonly job: JobItem }>;
  /**
   * Condition: no commit. Answers with the attempt's number, from 1 and the same for a repeat, or with the commit that is there.
   * @param sandboxMemoryBytes of the whole sandbox, where it is paid for by its memory; none by default
   */
  beginAttempt(
    task: TaskId,
    attemptId: string,
    sandboxMemoryBytes?: number,
  ): Promise<{ readonly kind: 'begun'; readonly attempt: number } | { readonly kind: 'committed'; readonly commit: Commit }>;
  /**
   * Condition: no commit, and this attempt was never invalidated. An existing commit with my attemptId is a win: the reply was lost.
   * A loss is counted once an attempt, and not for one that has failed. An attempt that was given up as failed may still win; then
   * it counts as committed only. `invalidated`: this attempt had won before and was thrown out since.
   */
  commit(
    task: TaskId,
    attemptId: string,
    result: TaskResult,
  ): Promise<{ readonly kind: 'won' } | { readonly kind: 'lost'; readonly winner: Commit } | { readonly kind: 'invalidated' }>;
  /** Records the failure; counted once an attempt. Nothing happens to an attempt that has committed, lost or been invalidated. */
  failAttempt(task: TaskId, attemptId: string, failure: Failure): Promise<void>;
  /**
   * Condition: the commit is that attempt, `run` is current, the job not DONE. In one transaction: the commit goes to history; for a
   * map task the step's generation + 1; COMMITTING goes back to MAPPING or REDUCING. An attempt that is invalidated already,
   * by a repeat or by another caller, answers `invalidated` under the same run, and nothing changes.
   */
  invalidate(task: TaskId, attemptId: string, run: number): Promise<'invalidated' | 'not-current'>;
  /**
   * Condition: the state is `from`, `run` is current, and with `generations` given, they are the current ones. Moves out of DONE,
   * and out of COMMITTING to anything but DONE, are refused: COMMITTING only rolls forward.
   * Repeating the last move of this run answers `moved`.
   */
  setJobState(
    jobId: string,
    from: JobState,
    to: JobState,
    run: number,
    options?: { readonly generations?: readonly number[]; readonly error?: Failure },
  ): Promise<{ readonly kind: 'moved' | 'refused'; readonly job: JobItem }>;
  /** Tasks that have any item, in index order, a page at a time. A task nobody began has none. */
  readTasks(jobId: string, step: number, phase: Phase): AsyncIterable<readonly TaskItem[]>;
  readTask(task: TaskId): Promise<TaskItem | undefined>;
  /**
   * One job at a time may own an output path. A lease of a job that is DONE, FAILED, CANCELLED or deleted may be taken over;
   * a job that takes its work up again asks again.
   */
  acquireLease(
    outputPath: string,
    jobId: string,
  ): Promise<{ readonly kind: 'acquired' } | { readonly kind: 'held'; readonly by: string }>;
  /** Nothing happens unless that job holds it. */
  releaseLease(outputPath: string, jobId: string): Promise<void>;
  /** Forgets a job, its tasks and its leases. For `gc`. */
  deleteJob(jobId: string): Promise<void>;
}
