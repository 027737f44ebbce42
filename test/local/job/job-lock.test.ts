import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WorkAreaError } from '../../../lib/errors.ts';
import { acquireJobLock } from '../../../lib/local/job/job-lock.ts';
import { startProcess, whenItSays } from '../run-process.ts';
import { temporaryFolder } from '../temporary-folder.ts';

function holder(folder: string): string {
  const lock = JSON.stringify(new URL('../../../lib/local/job/job-lock.ts', import.meta.url).href);
  return `
    const { acquireJobLock } = await import(${lock});
    const lock = await acquireJobLock(${JSON.stringify(folder)}, 'job-1');
    console.log(lock.kind);
    setTimeout(() => undefined, 60_000);`;
}

describe('acquireJobLock', () => {
  it('gives a job to one caller at a time, in one process too', async () => {
    const folder = join(temporaryFolder(), 'locks');
    const first = await acquireJobLock(folder, 'job-1');
    expect(first.kind).toBe('acquired');
    expect(await acquireJobLock(folder, 'job-1')).toEqual({ kind: 'held', pid: process.pid, startedAtMs: expect.any(Number) });
    const other = await acquireJobLock(folder, 'job-2');
    expect(other.kind).toBe('acquired');
    for (const lock of [first, other, first]) if (lock.kind === 'acquired') lock.release();
    const again = await acquireJobLock(folder, 'job-1');
    expect(again.kind).toBe('acquired');
    if (again.kind === 'acquired') again.release();
  });

  it('says why it cannot lock', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'locks'), 'x');
    await expect(acquireJobLock(join(folder, 'locks'), 'job-1')).rejects.toThrow(/locks\/job-1.lock: a file is in the way/);
    mkdirSync(join(folder, 'job-1.lock'));
    await expect(acquireJobLock(folder, 'job-1')).rejects.toThrow(WorkAreaError);
  });

  it('names the process that holds the job', async () => {
    const folder = temporaryFolder();
    const started = startProcess(holder(folder));
    await whenItSays(started, 'acquired');
    const lock = await acquireJobLock(folder, 'job-1');
    expect(lock).toMatchObject({ kind: 'held', pid: started.child.pid });
    expect(lock.kind === 'held' && Math.abs(Date.now() - lock.startedAtMs)).toBeLessThan(60_000);
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)('vanishes when its process ends by %s', async (signal) => {
    const folder = temporaryFolder();
    for (let round = 0; round < 3; round++) {
      const started = startProcess(holder(folder));
      await whenItSays(started, 'acquired');
      started.child.kill(signal);
      await started.ended;
    }
    const lock = await acquireJobLock(folder, 'job-1');
    expect(lock.kind).toBe('acquired');
    if (lock.kind === 'acquired') lock.release();
  });

  it('is won by one of several processes, and the others know who', async () => {
    const folder = temporaryFolder();
    const started = Array.from({ length: 4 }, () => startProcess(holder(folder)));
    const kinds = await Promise.all(
      started.map((each) =>
        Promise.race([whenItSays(each, 'acquired').then(() => 'acquired'), whenItSays(each, 'held').then(() => 'held')]),
      ),
    );
    expect(kinds.toSorted()).toEqual(['acquired', 'held', 'held', 'held']);
    const pid = started[kinds.indexOf('acquired')]?.child.pid;
    expect(await acquireJobLock(folder, 'job-1')).toMatchObject({ kind: 'held', pid });
  });
});
