import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LedgerUnusableError, LedgerVersionError } from '../../../lib/errors.ts';
import { SqliteTaskLedger } from '../../../lib/local/ledger/sqlite-task-ledger.ts';
import { SystemClock } from '../../../lib/node/system-clock.ts';
import { countAbandoned, type TaskId, type TaskItem } from '../../../lib/ports/task-ledger.ts';
import { collect } from '../../contract/collect.ts';
import { runProcess, startProcess, whenItSays } from '../run-process.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const TASKS = 40;
const PROCESSES = 4;

/** Every process begins and ends an attempt at every task, in its own order: most win some, lose some, fail some, leave some. */
function hammer(path: string): string {
  const lib = (file: string): string => JSON.stringify(new URL(`../../../lib/local/${file}`, import.meta.url).href);
  return `
    const { SqliteTaskLedger } = await import(${lib('ledger/sqlite-task-ledger.ts')});
    const { SystemClock } = await import(${lib('../node/system-clock.ts')});
    const { RandomIds } = await import(${lib('../node/random-ids.ts')});
    const ids = new RandomIds();
    const ledger = new SqliteTaskLedger({ path: ${JSON.stringify(path)}, clock: new SystemClock() });
    const failure = { name: 'E', code: 'E', message: 'e', retryable: true };
    const report = { begun: 0, won: [], lost: 0, failed: 0, left: 0 };
    for (let step = 0; step < ${TASKS}; step++) {
      const index = (step * 7 + process.pid) % ${TASKS};
      const task = { jobId: 'job-1', step: 0, phase: 'map', index };
      const id = ids.newId();
      const begun = await ledger.beginAttempt(task, id);
      if (begun.kind === 'committed') continue;
      report.begun++;
      const fate = ids.random();
      if (fate < 0.2) { await ledger.failAttempt(task, id, failure); report.failed++; continue; }
      if (fate < 0.3) { report.left++; continue; }
      const result = { kind: 'map', segmentKey: id, segmentBytes: 1, footerStart: 0 };
      const answer = await ledger.commit(task, id, result);
      if (answer.kind === 'won') report.won.push([index, id]); else report.lost++;
      if ((await ledger.commit(task, id, result)).kind !== answer.kind) throw new Error('a repeat had another answer');
      console.log('tick');
    }
    console.log('report ' + JSON.stringify(report));`;
}

async function readAll(ledger: SqliteTaskLedger): Promise<readonly TaskItem[]> {
  return (await collect(ledger.readTasks('job-1', 0, 'map'))).flat();
}

function openLedger(path: string): SqliteTaskLedger {
  const ledger = new SqliteTaskLedger({ path, clock: new SystemClock() });
  onTestFinished(() => ledger.close());
  return ledger;
}

describe('SqliteTaskLedger', () => {
  it('gives each task one winner, whatever several processes do at once', async () => {
    const path = join(temporaryFolder(), 'ledger.sqlite');
    // None of them finds the file: making it is part of the race.
    const ended = await Promise.all(Array.from({ length: PROCESSES }, () => runProcess(hammer(path))));
    expect(ended.map((end) => end.stderr).join('')).toBe('');
    const reports = ended.map((end) => JSON.parse(end.stdout.slice(end.stdout.indexOf('report ') + 7)));
    const tasks = await readAll(openLedger(path));
    const sum = (count: (task: TaskItem) => number): number => tasks.reduce((total, task) => total + count(task), 0);
    const sumOf = (name: string): number => reports.reduce((total, report) => total + report[name], 0);
    expect(sum((task) => task.attempts)).toBe(sumOf('begun'));
    expect(sum((task) => task.failed)).toBe(sumOf('failed'));
    expect(sum((task) => task.lost)).toBe(sumOf('lost'));
    expect(sum(countAbandoned)).toBe(sumOf('left'));
    const won = new Map(reports.flatMap((report) => report.won as [number, string][]));
    expect(won.size).toBe(reports.flatMap((report) => report.won).length);
    for (const task of tasks) expect(task.commit?.attemptId).toBe(won.get(task.index));
  });

  it('keeps what was committed when the processes are killed, and goes on', async () => {
    const path = join(temporaryFolder(), 'ledger.sqlite');
    for (let round = 0; round < 3; round++) {
      const processes = Array.from({ length: 3 }, () => startProcess(hammer(path)));
      await Promise.race(processes.map((started) => whenItSays(started, 'tick')));
      const before = await readAll(openLedger(path));
      for (const started of processes) started.child.kill('SIGKILL');
      await Promise.all(processes.map((started) => started.ended));
      const after = new Map((await readAll(openLedger(path))).map((task) => [task.index, task]));
      for (const task of before) if (task.commit) expect(after.get(task.index)?.commit).toEqual(task.commit);
    }
    const end = await runProcess(hammer(path));
    expect(end.stderr).toBe('');
    for (const task of await readAll(openLedger(path))) expect(countAbandoned(task)).toBeGreaterThanOrEqual(0);
  });

  it('refuses a second commit of a task in the file itself', async () => {
    const path = join(temporaryFolder(), 'ledger.sqlite');
    const ledger = openLedger(path);
    const task: TaskId = { jobId: 'job-1', step: 0, phase: 'map', index: 0 };
    await ledger.beginAttempt(task, 'a');
    await ledger.beginAttempt(task, 'b');
    const database = new DatabaseSync(path);
    expect(() => database.exec(`UPDATE attempts SET "end" = 'committed'`)).toThrow(/UNIQUE/);
    database.close();
  });

  it('waits for a process that holds the file', async () => {
    const path = join(temporaryFolder(), 'ledger.sqlite');
    const ledger = openLedger(path);
    await ledger.readJob('job-1');
    const database = new DatabaseSync(path);
    database.exec('BEGIN IMMEDIATE');
    const begun = ledger.beginAttempt({ jobId: 'job-1', step: 0, phase: 'map', index: 0 }, 'a');
    await new SystemClock().sleep(150);
    database.exec('COMMIT');
    database.close();
    expect(await begun).toEqual({ kind: 'begun', attempt: 1 });
  });

  it('gives up on a file that stays held, with the reason', async () => {
    const path = join(temporaryFolder(), 'ledger.sqlite');
    let nowMs = 0;
    const clock = {
      nowMs: () => nowMs,
      sleep: async () => {
        nowMs += 10_000;
      },
    };
    const ledger = new SqliteTaskLedger({ path, clock });
    await ledger.readJob('job-1');
    const database = new DatabaseSync(path);
    database.exec('BEGIN IMMEDIATE');
    const begun = ledger.beginAttempt({ jobId: 'job-1', step: 0, phase: 'map', index: 0 }, 'a');
    await expect(begun).rejects.toThrow(/other processes have kept it busy for a minute/);
    database.close();
    expect(await ledger.beginAttempt({ jobId: 'job-1', step: 0, phase: 'map', index: 0 }, 'a')).toMatchObject({ attempt: 1 });
    await ledger.close();
  });

  it('refuses a file of another format, by number', async () => {
    const path = join(temporaryFolder(), 'ledger.sqlite');
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 7');
    database.close();
    await expect(openLedger(path).listJobs()).rejects.toThrow(LedgerVersionError);
    await expect(openLedger(path).listJobs()).rejects.toThrow(/has format 7; this refold reads format 2/);
  });

  it('refuses a file that is no ledger', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'ledger.sqlite'), 'some notes, and not a database at all '.repeat(100));
    await expect(openLedger(join(folder, 'ledger.sqlite')).listJobs()).rejects.toThrow(LedgerUnusableError);
    await expect(openLedger(join(folder, 'ledger.sqlite')).listJobs()).rejects.toThrow(/no SQLite database/);
    await expect(openLedger(join(folder, 'ledger.sqlite/below')).listJobs()).rejects.toThrow(LedgerUnusableError);
  });

  it('opens the file again when an attempt to open it failed', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'in-the-way'), 'x');
    const ledger = openLedger(join(folder, 'in-the-way/ledger.sqlite'));
    await expect(ledger.listJobs()).rejects.toThrow(LedgerUnusableError);
    await expect(ledger.listJobs()).rejects.toThrow(/a file is in the way/);
  });
});
