import { assert, type Failure } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import {
  type AttemptEnd,
  type Decision,
  decideBegin,
  decideCommit,
  decideFail,
  decideInvalidate,
  type LedgerAttempt,
  taskItemOf,
} from '../../ports/ledger-attempt.ts';
import { hasEnded, invalidatedJob, type LedgerJob, mayInvalidate, movedJob, startedRun } from '../../ports/ledger-job.ts';
import type { JobItem, JobState, Phase, TaskId, TaskItem, TaskLedger, TaskResult } from '../../ports/task-ledger.ts';
import { LedgerDatabase } from './ledger-database.ts';

/**
 * The ledger in one SQLite file, which several processes and threads may share, each through a ledger of its own. The file is opened
 * at the first call. Every method throws LedgerUnusableError or LedgerVersionError when the file is of no use.
 */
export class SqliteTaskLedger implements TaskLedger {
  readonly #path: string;
  readonly #clock: Clock;
  #database: Promise<LedgerDatabase> | undefined;

  constructor(options: { readonly path: string; readonly clock: Clock }) {
    this.#path = options.path;
    this.#clock = options.clock;
  }

  async createJob(job: JobItem): ReturnType<TaskLedger['createJob']> {
    const database = await this.#open();
    return database.write(() => {
      const held = readJobRow(database, job.jobId);
      if (held === undefined) {
        writeJobRow(database, { job });
        return { kind: 'created', job };
      }
      assert(held.job.fingerprint === job.fingerprint, `two different jobs must not share the id ${job.jobId}`);
      return { kind: 'exists', job: held.job };
    });
  }

  async readJob(jobId: string): Promise<JobItem | undefined> {
    const database = await this.#open();
    return database.read(() => readJobRow(database, jobId)?.job);
  }

  async listJobs(): Promise<readonly JobItem[]> {
    const database = await this.#open();
    const rows = await database.read(() => database.sql('SELECT job FROM jobs ORDER BY created_at_ms DESC, job_id').all());
    return rows.map((row) => fromJson<JobItem>(row.job));
  }

  async startRun(jobId: string, run: number, executionId: string): ReturnType<TaskLedger['startRun']> {
    const database = await this.#open();
    return database.write(() => {
      const held = existingJob(database, jobId);
      const started = startedRun(held, run, executionId, this.#clock.nowMs());
      if (started === undefined) return { kind: 'refused', job: held.job };
      writeJobRow(database, started);
      return { kind: 'started', job: started.job };
    });
  }

  async beginAttempt(task: TaskId, attemptId: string, sandboxMemoryBytes = 0): ReturnType<TaskLedger['beginAttempt']> {
    const database = await this.#open();
    const nowMs = this.#clock.nowMs();
    return database.write(() =>
      decide(database, task, (attempts) => decideBegin(attempts, attemptId, nowMs, sandboxMemoryBytes)),
    );
  }

  async commit(task: TaskId, attemptId: string, result: TaskResult): ReturnType<TaskLedger['commit']> {
    const database = await this.#open();
    const nowMs = this.#clock.nowMs();
    return database.write(() => decide(database, task, (attempts) => decideCommit(attempts, attemptId, result, nowMs)));
  }

  async failAttempt(task: TaskId, attemptId: string, failure: Failure): Promise<void> {
    const database = await this.#open();
    const nowMs = this.#clock.nowMs();
    return database.write(() => decide(database, task, (attempts) => decideFail(attempts, attemptId, failure, nowMs)));
  }

  async invalidate(task: TaskId, attemptId: string, run: number): Promise<'invalidated' | 'not-current'> {
    const database = await this.#open();
    return database.write(() => {
      const held = readJobRow(database, task.jobId);
      if (held === undefined || !mayInvalidate(held, run)) return 'not-current';
      return decide(database, task, (attempts) => {
        const decision = decideInvalidate(attempts, attemptId);
        if (decision.record) writeJobRow(database, invalidatedJob(held, task.step, task.phase, this.#clock.nowMs()));
        return decision;
      });
    });
  }

  async setJobState(
    jobId: string,
    from: JobState,
    to: JobState,
    run: number,
    options: { readonly generations?: readonly number[]; readonly error?: Failure } = {},
  ): ReturnType<TaskLedger['setJobState']> {
    const database = await this.#open();
    const { generations, error } = options;
    return database.write(() => {
      const held = existingJob(database, jobId);
      const moved = movedJob(held, { from, to, run, generations, error }, this.#clock.nowMs());
      if (moved === undefined) return { kind: 'refused', job: held.job };
      writeJobRow(database, moved);
      return { kind: 'moved', job: moved.job };
    });
  }

  async *readTasks(jobId: string, step: number, phase: Phase): AsyncGenerator<readonly TaskItem[]> {
    const database = await this.#open();
    for (let after = -1; ; ) {
      const page = await database.read(() => readTaskPage(database, { jobId, step, phase }, after));
      const last = page.at(-1);
      if (last === undefined) return;
      yield page;
      after = last.index;
    }
  }

  async readTask(task: TaskId): Promise<TaskItem | undefined> {
    const database = await this.#open();
    const attempts = await database.read(() => readAttempts(database, task));
    return attempts.length === 0 ? undefined : taskItemOf(task.index, attempts);
  }

  async acquireLease(outputPath: string, jobId: string): ReturnType<TaskLedger['acquireLease']> {
    const database = await this.#open();
    return database.write(() => {
      const by = database.sql('SELECT job_id FROM leases WHERE output_path = ?').get(outputPath)?.job_id;
      const holder = typeof by === 'string' ? readJobRow(database, by) : undefined;
      if (holder !== undefined && holder.job.jobId !== jobId && !hasEnded(holder.job.state))
        return { kind: 'held', by: holder.job.jobId };
      database.sql('INSERT OR REPLACE INTO leases (output_path, job_id) VALUES (?, ?)').run(outputPath, jobId);
      return { kind: 'acquired' };
    });
  }

  async releaseLease(outputPath: string, jobId: string): Promise<void> {
    const database = await this.#open();
    await database.write(() => database.sql('DELETE FROM leases WHERE output_path = ? AND job_id = ?').run(outputPath, jobId));
  }

  async deleteJob(jobId: string): Promise<void> {
    const database = await this.#open();
    await database.write(() => {
      database.sql('DELETE FROM attempts WHERE job_id = ?').run(jobId);
      database.sql('DELETE FROM leases WHERE job_id = ?').run(jobId);
      database.sql('DELETE FROM jobs WHERE job_id = ?').run(jobId);
    });
  }

  /** Lets go of the file. The ledger opens it again when it is used again. */
  async close(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    (await database)?.close();
  }

  #open(): Promise<LedgerDatabase> {
    this.#database ??= LedgerDatabase.open(this.#path, this.#clock).catch((error: unknown) => {
      this.#database = undefined;
      throw error;
    });
    return this.#database;
  }
}

const PAGE_TASKS_MAX = 1000;
const ATTEMPT_COLUMNS = 'task, number, attempt_id, began_at_ms, memory_mb, "end", ended_at_ms, "commit", failure';

type PhaseId = Pick<TaskId, 'jobId' | 'step' | 'phase'>;
type Row = ReturnType<ReturnType<LedgerDatabase['sql']>['all']>[number];

/** Decides on the task's attempts and stores the outcome. Inside a write. */
function decide<Answer>(
  database: LedgerDatabase,
  task: TaskId,
  ask: (attempts: readonly LedgerAttempt[]) => Decision<Answer>,
): Answer {
  const { answer, record } = ask(readAttempts(database, task));
  if (record !== undefined) {
    database
      .sql(
        `INSERT INTO attempts (job_id, step, phase, ${ATTEMPT_COLUMNS})
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET "end" = excluded."end", ended_at_ms = excluded.ended_at_ms, "commit" = excluded."commit", failure = excluded.failure`,
      )
      .run(
        ...[task.jobId, task.step, task.phase, task.index, record.number, record.attemptId],
        ...[record.beganAtMs, record.sandboxMemoryMb, record.end ?? null, record.endedAtMs ?? null],
        ...[toJson(record.commit), toJson(record.failure)],
      );
  }
  return answer;
}

function readAttempts(database: LedgerDatabase, { jobId, step, phase, index }: TaskId): readonly LedgerAttempt[] {
  const statement = database.sql(
    `SELECT ${ATTEMPT_COLUMNS} FROM attempts WHERE job_id = ? AND step = ? AND phase = ? AND task = ? ORDER BY number`,
  );
  return statement.all(jobId, step, phase, index).map(attemptOf);
}

function readTaskPage(database: LedgerDatabase, { jobId, step, phase }: PhaseId, after: number): readonly TaskItem[] {
  const last = database
    .sql(
      `SELECT max(task) AS last FROM (
         SELECT DISTINCT task FROM attempts WHERE job_id = ? AND step = ? AND phase = ? AND task > ? ORDER BY task LIMIT ${PAGE_TASKS_MAX}
       )`,
    )
    .get(jobId, step, phase, after)?.last;
  if (typeof last !== 'number') return [];
  const rows = database
    .sql(
      `SELECT ${ATTEMPT_COLUMNS} FROM attempts
       WHERE job_id = ? AND step = ? AND phase = ? AND task > ? AND task <= ? ORDER BY task, number`,
    )
    .all(jobId, step, phase, after, last);
  return [...Map.groupBy(rows, (row) => Number(row.task))].map(([index, own]) => taskItemOf(index, own.map(attemptOf)));
}

function attemptOf(row: Row): LedgerAttempt {
  return {
    attemptId: String(row.attempt_id),
    number: Number(row.number),
    beganAtMs: Number(row.began_at_ms),
    sandboxMemoryMb: Number(row.memory_mb),
    end: (row.end ?? undefined) as AttemptEnd | undefined,
    ...(row.ended_at_ms !== null && { endedAtMs: Number(row.ended_at_ms) }),
    ...(row.commit !== null && { commit: fromJson<NonNullable<LedgerAttempt['commit']>>(row.commit) }),
    ...(row.failure !== null && { failure: fromJson<Failure>(row.failure) }),
  };
}

function existingJob(database: LedgerDatabase, jobId: string): LedgerJob {
  const held = readJobRow(database, jobId);
  assert(held !== undefined, `job ${jobId} is created before it is run`);
  return held;
}

function readJobRow(database: LedgerDatabase, jobId: string): LedgerJob | undefined {
  const row = database.sql('SELECT job, last_move FROM jobs WHERE job_id = ?').get(jobId);
  if (row === undefined) return undefined;
  const job = fromJson<JobItem>(row.job);
  const lastMove = row.last_move;
  return lastMove === null ? { job } : { job, lastMove: fromJson<NonNullable<LedgerJob['lastMove']>>(lastMove) };
}

function writeJobRow(database: LedgerDatabase, { job, lastMove }: LedgerJob): void {
  database
    .sql('INSERT OR REPLACE INTO jobs (job_id, created_at_ms, job, last_move) VALUES (?, ?, ?, ?)')
    .run(job.jobId, job.createdAtMs, JSON.stringify(job), toJson(lastMove));
}

function toJson(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

/** What this ledger wrote itself, in this format of the tables. */
function fromJson<T>(text: Row[string] | undefined): T {
  assert(typeof text === 'string', 'the ledger keeps its items as JSON text');
  return JSON.parse(text) as T;
}
