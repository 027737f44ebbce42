import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LedgerDatabase } from '../../../lib/local/ledger/ledger-database.ts';
import { SystemClock } from '../../../lib/node/system-clock.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const JOBS = "INSERT INTO jobs (job_id, created_at_ms, job) VALUES (?, 0, '{}')";
const ATTEMPTS = `INSERT INTO attempts (job_id, step, phase, task, number, attempt_id, "end", began_at_ms, memory_mb) VALUES ('j', 0, 'map', 0, ?, ?, ?, 0, 0)`;

/** A ledger's database, and the same file as another process has it open, which waits for nothing. */
async function openTwice(): Promise<{ readonly database: LedgerDatabase; readonly other: DatabaseSync }> {
  const path = join(temporaryFolder(), 'ledger.sqlite');
  const database = await LedgerDatabase.open(path, new SystemClock());
  const other = new DatabaseSync(path, { timeout: 0 });
  onTestFinished(() => {
    database.close();
    other.close();
  });
  return { database, other };
}

const jobsIn = (database: DatabaseSync) =>
  database
    .prepare('SELECT job_id FROM jobs')
    .all()
    .map((row) => row['job_id']);

describe('LedgerDatabase', () => {
  it('lets nobody write between what is read and what is decided on it', async () => {
    const { database, other } = await openTwice();
    await database.write(() => {
      database.sql('SELECT count(*) FROM jobs').get();
      expect(() => other.prepare(JOBS).run('theirs')).toThrow('database is locked');
      database.sql(JOBS).run('ours');
      expect(jobsIn(other)).toEqual([]);
    });
    expect(jobsIn(other)).toEqual(['ours']);
    other.prepare(JOBS).run('theirs');
  });

  it('writes all or nothing', async () => {
    const { database, other } = await openTwice();
    const failing = database.write(() => {
      database.sql(JOBS).run('half');
      throw new Error('in the middle');
    });
    await expect(failing).rejects.toThrow('in the middle');
    expect(jobsIn(other)).toEqual([]);
    await database.write(() => database.sql(JOBS).run('next'));
    expect(jobsIn(other)).toEqual(['next']);
  });

  it('waits for another process that writes, and decides on what that one has left', async () => {
    const { database, other } = await openTwice();
    other.exec('BEGIN IMMEDIATE');
    const seen = database.write(() => database.sql('SELECT job_id FROM jobs').all().length);
    other.prepare(JOBS).run('theirs');
    other.exec('COMMIT');
    expect(await seen).toBe(1);
  });

  it('takes no second commit of a task, whatever the code above it decides', async () => {
    const { other } = await openTwice();
    other.prepare(ATTEMPTS).run(1, 'a', 'committed');
    for (const [at, end] of [null, 'lost', 'failed', 'invalidated'].entries()) other.prepare(ATTEMPTS).run(2 + at, `b${at}`, end);
    expect(() => other.prepare(ATTEMPTS).run(9, 'c', 'committed')).toThrow('UNIQUE');
  });
});
