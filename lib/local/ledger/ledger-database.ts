import { dirname } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { LedgerUnusableError, LedgerVersionError } from '../../errors.ts';
import { isFileError, reasonOf } from '../../node/file-error.ts';
import { makeFolders, nodeFileSystem } from '../../node/file-system.ts';
import type { Clock } from '../../ports/clock.ts';

/** Format of the tables below; kept in the file as `user_version`. */
const LEDGER_FORMAT = 2;

/**
 * `end` is null while an attempt may run. The partial index is the promise of the ledger in the database's own words: a task has
 * at most one commit, whatever the code above it does.
 */
const TABLES = `
  CREATE TABLE jobs (job_id TEXT PRIMARY KEY, created_at_ms INTEGER NOT NULL, job TEXT NOT NULL, last_move TEXT) WITHOUT ROWID;
  CREATE TABLE attempts (
    job_id TEXT NOT NULL, step INTEGER NOT NULL, phase TEXT NOT NULL, task INTEGER NOT NULL, number INTEGER NOT NULL,
    attempt_id TEXT NOT NULL, began_at_ms INTEGER NOT NULL, memory_mb REAL NOT NULL,
    "end" TEXT, ended_at_ms INTEGER, "commit" TEXT, failure TEXT,
    PRIMARY KEY (job_id, step, phase, task, number)
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX one_commit_a_task ON attempts (job_id, step, phase, task) WHERE "end" = 'committed';
  CREATE TABLE leases (output_path TEXT PRIMARY KEY, job_id TEXT NOT NULL) WITHOUT ROWID;
  PRAGMA user_version = ${LEDGER_FORMAT};
`;

/** Waiting inside SQLite blocks the whole thread, so it is short, and the longer wait is outside. */
const BLOCKING_WAIT_MS = 20;
const BUSY_WAIT_MS_MAX = 60_000;
const RETRY_WAIT_MS_MAX = 25;

/**
 * The SQLite file of a ledger, for any number of processes. In WAL mode without a sync at each commit: a killed process loses
 * nothing; a power cut may take back the last moments, whole transactions from the end, never the middle.
 */
export class LedgerDatabase {
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #clock: Clock;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(path: string, database: DatabaseSync, clock: Clock) {
    this.path = path;
    this.#database = database;
    this.#clock = clock;
  }

  /** @throws LedgerUnusableError, LedgerVersionError */
  static async open(path: string, clock: Clock): Promise<LedgerDatabase> {
    // Here and not at the top: commands that need no ledger start faster.
    const { DatabaseSync } = await import('node:sqlite');
    return retryBusy(path, clock, () => {
      makeFolders(nodeFileSystem, dirname(path));
      const database = new DatabaseSync(path, { timeout: BLOCKING_WAIT_MS });
      try {
        // A new file is made without syncs, which are 20-70 ms of its first job: it is empty, or there is nothing in it to lose.
        database.exec('PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL;');
        prepareTables(path, database);
        database.exec('PRAGMA synchronous = NORMAL;');
        return new LedgerDatabase(path, database, clock);
      } catch (error) {
        database.close();
        throw error;
      }
    });
  }

  /** The statement, parsed once. */
  sql(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#database.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  /** Runs `work` alone among all processes, whole or not at all. It may run again when the file was busy, so it must be pure but for SQL. */
  write<T>(work: () => T): Promise<T> {
    return retryBusy(this.path, this.#clock, () => {
      // IMMEDIATE takes the write lock before the first read: what is decided on is what is changed.
      this.sql('BEGIN IMMEDIATE').run();
      try {
        const answer = work();
        this.sql('COMMIT').run();
        return answer;
      } catch (error) {
        if (this.#database.isTransaction) this.sql('ROLLBACK').run();
        throw error;
      }
    });
  }

  /** Runs one SELECT, or several that need not agree. */
  read<T>(work: () => T): Promise<T> {
    return retryBusy(this.path, this.#clock, work);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

function prepareTables(path: string, database: DatabaseSync): void {
  if (formatOf(database) === 0) {
    database.exec('BEGIN IMMEDIATE');
    // Another process may have made the tables since.
    if (formatOf(database) === 0) database.exec(TABLES);
    database.exec('COMMIT');
  }
  const found = formatOf(database);
  if (found !== LEDGER_FORMAT) throw new LedgerVersionError({ path, expected: LEDGER_FORMAT, found });
}

function formatOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version);
}

async function retryBusy<T>(path: string, clock: Clock, work: () => T): Promise<T> {
  const giveUpAtMs = clock.nowMs() + BUSY_WAIT_MS_MAX;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (isFileError(error)) throw new LedgerUnusableError({ path, reason: reasonOf(error) }, { cause: error });
      if (!isSqliteError(error)) throw error;
      const reason = REASONS[primaryCode(error)];
      if (primaryCode(error) !== SQLITE_BUSY || clock.nowMs() >= giveUpAtMs) {
        throw new LedgerUnusableError({ path, reason: reason ?? error.message }, { cause: error });
      }
      // Random, so that processes which collided once don't collide again.
      await clock.sleep(1 + Math.random() * RETRY_WAIT_MS_MAX);
    }
  }
}

type SqliteError = Error & { readonly errcode: number };

function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}

/** Extended codes carry the primary one in their low byte (sqlite.org/rescode.html). */
function primaryCode(error: SqliteError): number {
  return error.errcode & 0xff;
}

const SQLITE_BUSY = 5;

const REASONS: Readonly<Record<number, string>> = {
  5: 'other processes have kept it busy for a minute',
  8: 'it is read-only',
  10: 'the device reported an input/output error',
  11: 'the file is damaged',
  13: 'no space is left on the device',
  14: 'the file cannot be opened; check the permissions of its folder',
  26: 'the file is no SQLite database',
};
