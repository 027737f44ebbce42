import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Failure } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { JobItem, JobState, Phase, TaskId, TaskItem, TaskLedger, TaskResult } from '../../ports/task-ledger.ts';
import { DynamoJobs } from './dynamo-jobs.ts';
import { DynamoLeases } from './dynamo-leases.ts';
import { DynamoTable } from './dynamo-table.ts';
import { DynamoTasks } from './dynamo-tasks.ts';

/**
 * The ledger in one DynamoDB table (ledger-table.ts), for any number of processes. Reads are strongly consistent, and every change is a
 * conditional write or transaction: a task that begins and commits costs two write units and no read. A call may throw TransientError,
 * and may have been done then; it is safe to repeat.
 */
export class DynamoTaskLedger implements TaskLedger {
  readonly #tasks: DynamoTasks;
  readonly #jobs: DynamoJobs;
  readonly #leases: DynamoLeases;

  /** `client` is asked for at the first call. */
  constructor(options: { readonly client: () => DynamoDBClient; readonly tableName: string; readonly clock: Clock }) {
    const table = new DynamoTable(options);
    this.#tasks = new DynamoTasks(table, options.clock);
    this.#jobs = new DynamoJobs(table, options.clock);
    this.#leases = new DynamoLeases(table);
  }

  createJob(job: JobItem): ReturnType<TaskLedger['createJob']> {
    return this.#jobs.create(structuredClone(job));
  }

  readJob(jobId: string): Promise<JobItem | undefined> {
    return this.#jobs.read(jobId);
  }

  listJobs(): Promise<readonly JobItem[]> {
    return this.#jobs.list();
  }

  startRun(jobId: string, run: number, executionId: string): ReturnType<TaskLedger['startRun']> {
    return this.#jobs.startRun(jobId, run, executionId);
  }

  setJobState(
    jobId: string,
    from: JobState,
    to: JobState,
    run: number,
    options: { readonly generations?: readonly number[]; readonly error?: Failure } = {},
  ): ReturnType<TaskLedger['setJobState']> {
    return this.#jobs.setState(jobId, from, to, run, structuredClone(options));
  }

  beginAttempt(task: TaskId, attemptId: string, sandboxMemoryBytes = 0): ReturnType<TaskLedger['beginAttempt']> {
    return this.#tasks.begin(task, attemptId, sandboxMemoryBytes);
  }

  commit(task: TaskId, attemptId: string, result: TaskResult): ReturnType<TaskLedger['commit']> {
    return this.#tasks.commit(task, attemptId, structuredClone(result));
  }

  failAttempt(task: TaskId, attemptId: string, failure: Failure): Promise<void> {
    return this.#tasks.fail(task, attemptId, structuredClone(failure));
  }

  invalidate(task: TaskId, attemptId: string, run: number): Promise<'invalidated' | 'not-current'> {
    return this.#tasks.invalidate(task, attemptId, run);
  }

  readTasks(jobId: string, step: number, phase: Phase): AsyncGenerator<readonly TaskItem[]> {
    return this.#tasks.readAll(jobId, step, phase);
  }

  readTask(task: TaskId): Promise<TaskItem | undefined> {
    return this.#tasks.read(task);
  }

  acquireLease(outputPath: string, jobId: string): ReturnType<TaskLedger['acquireLease']> {
    return this.#leases.acquire(outputPath, jobId);
  }

  releaseLease(outputPath: string, jobId: string): Promise<void> {
    return this.#leases.release(outputPath, jobId);
  }

  /** Forgets the lease on the job's `outputPath`. One on another path of the job stays, for whoever asks: its job is no more. */
  async deleteJob(jobId: string): Promise<void> {
    const job = await this.readJob(jobId);
    if (job !== undefined) await this.releaseLease(job.outputPath, jobId);
    await this.#jobs.delete(jobId);
  }
}
