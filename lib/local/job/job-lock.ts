import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, WorkAreaError } from '../../errors.ts';
import { isFileError, isMissing, reasonOf } from '../../node/file-error.ts';
import { makeFolders, nodeFileSystem } from '../../node/file-system.ts';
import { isProcessAlive } from '../../node/process-alive.ts';

export type JobLock =
  | { readonly kind: 'acquired'; readonly release: () => void }
  /** `pid` is 0 in the rare case that the holder could not say who it is. */
  | { readonly kind: 'held'; readonly pid: number; readonly startedAtMs: number };

/**
 * Takes the one coordinator's place of a job on this machine, or says who has it. The lock is that of an SQLite file held in
 * an exclusive transaction, so the system takes it back when the process ends, also by SIGKILL. Nothing else may open the lock
 * file in this process: closing it would drop the lock (fcntl(2)). It stays on disk, empty. @throws WorkAreaError
 */
export async function acquireJobLock(folder: string, jobId: string): Promise<JobLock> {
  assert(/^[\w.-]+$/.test(jobId), 'a job id is safe in a file name');
  const lockPath = join(folder, `${jobId}.lock`);
  try {
    makeFolders(nodeFileSystem, folder);
    return await lockOrHolder(lockPath, join(folder, `${jobId}.json`));
  } catch (error) {
    const reason = isFileError(error) ? reasonOf(error) : isSqliteError(error) ? error.message : undefined;
    throw reason === undefined ? error : new WorkAreaError({ path: lockPath, reason }, { cause: error });
  }
}

/**
 * Who runs the job, if anyone does. For a moment it holds a lock of its own, which keeps a coordinator that starts just then waiting,
 * and no longer. Not for the process that holds the job's lock itself.
 */
export async function findJobHolder(folder: string, jobId: string): Promise<{ pid: number; startedAtMs: number } | undefined> {
  assert(/^[\w.-]+$/.test(jobId), 'a job id is safe in a file name');
  const lockPath = join(folder, `${jobId}.lock`);
  if (!existsSync(lockPath)) return undefined;
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(lockPath, { timeout: 0 });
  try {
    if (tryLock(database)) return undefined;
  } finally {
    database.close();
  }
  return readNote(join(folder, `${jobId}.json`)) ?? { pid: 0, startedAtMs: 0 };
}

const NOTE_TRIES_MAX = 100;
const NOTE_WAIT_MS = 10;

/** A database that nobody refers to is collected, and closed, and so unlocked. */
const held = new Set<DatabaseSync>();

async function lockOrHolder(lockPath: string, notePath: string): Promise<JobLock> {
  const { DatabaseSync } = await import('node:sqlite');
  for (let tries = 1; ; tries++) {
    const database = new DatabaseSync(lockPath, { timeout: 0 });
    if (tryLock(database)) {
      held.add(database);
      writeNote(notePath, { pid: process.pid, startedAtMs: Date.now() });
      return { kind: 'acquired', release: () => release(database) };
    }
    database.close();
    // Between the lock and its note lies a moment in which the note is missing, or that of a dead holder.
    const note = readNote(notePath);
    if (note !== undefined && isProcessAlive(note.pid)) return { kind: 'held', ...note };
    if (tries === NOTE_TRIES_MAX) return { kind: 'held', pid: 0, startedAtMs: note?.startedAtMs ?? 0 };
    await sleep(NOTE_WAIT_MS);
  }
}

function release(database: DatabaseSync): void {
  if (held.delete(database)) database.close();
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (isSqliteError(error) && error.errcode === SQLITE_BUSY) return false;
    throw error;
  }
}

const SQLITE_BUSY = 5;

function isSqliteError(error: unknown): error is Error & { readonly errcode: number } {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}

type Note = { readonly pid: number; readonly startedAtMs: number };

/** Whole or not at all, for those who read it. Only the holder writes it. */
function writeNote(path: string, note: Note): void {
  writeFileSync(`${path}.tmp`, JSON.stringify(note));
  renameSync(`${path}.tmp`, path);
}

function readNote(path: string): Note | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Note;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
