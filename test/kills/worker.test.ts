import { describe, expect, it } from 'vitest';
import { killNow, until } from '../support/refold.ts';
import { HELD_TOTALS, HeldJob } from './held-job.ts';

describe('a job whose worker is killed', () => {
  it.each(['map', 'reduce'] as const)('in %s runs that task again, and no other', async (where) => {
    const job = new HeldJob();
    job.hold(where);
    const running = job.start();
    killNow(await job.workerAt(where));
    job.letGo(where);
    await running.done();
    expect(job.sortedLines).toEqual(HELD_TOTALS);
    const attempts = job.ledger()!.attempts;
    const failed = attempts.filter((attempt) => attempt.end === 'failed');
    expect(failed).toMatchObject([{ phase: where }]);
    expect(attempts.filter((attempt) => attempt.end !== 'committed')).toEqual(failed);
    job.expectTidy();
  });

  it('between the write of a segment and its commit uses another attempt', async () => {
    const job = new HeldJob();
    job.hold('map');
    const running = job.start();
    const pid = await job.workerAt('map');
    const { index, attemptId } = running.taskOf(pid);
    // The segment goes to the work area; its commit waits for the ledger.
    const lock = job.lockLedger();
    expect(job.workFiles(`${attemptId}.seg`)).toEqual([]);
    job.letGo('map');
    await until(() => job.workFiles(`${attemptId}.seg`).length === 1);
    killNow(pid);
    await until(() => !job.workplace.processes().includes(pid));
    lock.release();
    await running.done();
    expect(job.sortedLines).toEqual(HELD_TOTALS);
    const attempts = job.ledger()!.attempts.filter((attempt) => attempt.phase === 'map' && attempt.task === index);
    expect(attempts).toMatchObject([{ attemptId, end: 'failed' }, { end: 'committed' }]);
    job.expectTidy();
  });

  it('three times on one task still ends', async () => {
    const job = new HeldJob();
    job.hold('map');
    const running = job.start();
    const killed: number[] = [];
    for (let time = 0; time < 3; time++) {
      const pid = await job.workerAt('map', killed);
      killed.push(pid);
      killNow(pid);
    }
    await job.workerAt('map', killed);
    job.letGo('map');
    await running.done();
    expect(job.sortedLines).toEqual(HELD_TOTALS);
    const attempts = job.ledger()!.attempts.filter((attempt) => attempt.end !== 'committed');
    // An attempt that was killed before it could say that it had begun is abandoned, beside the failure that the coordinator noted.
    expect(attempts.filter((attempt) => attempt.end === 'failed')).toHaveLength(3);
    expect(new Set(attempts.map((attempt) => attempt.task)).size).toBe(1);
    job.expectTidy();
  });

  it('every time fails and says so, and goes on when it is started again', async () => {
    const job = new HeldJob({ maxAttempts: 2 });
    job.hold('map');
    const running = job.start();
    const first = await job.workerAt('map');
    killNow(first);
    killNow(await job.workerAt('map', [first]));
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/REFOLD_SANDBOX_LOST[\s\S]*Worker process \d+ ended in mid-task \(SIGKILL\)/);
    expect(job.workplace.output()).toBeUndefined();
    job.letGo('map');
    await job.finish();
    expect(job.sortedLines).toEqual(HELD_TOTALS);
    job.expectTidy();
  });
});
