import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commitsOf, expectNothingRanAgain } from '../support/killable-job.ts';
import { until } from '../support/refold.ts';
import { HELD_TOTALS, HeldJob } from './held-job.ts';

/** Starts it again: the output must be the undisturbed one, and nothing that was committed may run again. */
async function expectGoesOn(job: HeldJob): Promise<void> {
  const before = job.ledger();
  await job.finish();
  expect(job.sortedLines).toEqual(HELD_TOTALS);
  expectNothingRanAgain(before, job.ledger());
  expect(job.ledger()!.state).toBe('DONE');
  job.expectTidy();
}

/** Kills the coordinator of a job that is COMMITTING, when `reached` says so; undefined when the job was faster. */
async function killCommitting(job: HeldJob, reached: () => boolean): Promise<boolean> {
  const running = job.start();
  await until(() => running.isOver || job.ledger()?.state === 'COMMITTING');
  const lock = job.lockLedger(); // It can publish, and write _SUCCESS, and not be DONE.
  try {
    if (job.ledger()!.state !== 'COMMITTING') return false;
    await until(() => reached());
    await running.kill();
    return true;
  } finally {
    lock.release();
    await running.ended;
  }
}

describe('a job whose coordinator is killed', () => {
  it('in PLANNING, before it is in the ledger, starts again', async () => {
    const job = new HeldJob();
    await job.makeLedger();
    const lock = job.lockLedger();
    const running = job.start();
    const locks = job.workplace.path('.refold/locks');
    await until(() => existsSync(locks) && readdirSync(locks).some((name) => name.endsWith('.json')));
    expect(job.ledger()).toBeUndefined();
    expect(job.workFiles('job.json')).toEqual([]); // The lease of its output comes first.
    await running.kill();
    lock.release();
    await expectGoesOn(job);
  });

  it('in PLANNING, while the keys are sampled, plans the same again', async () => {
    const job = new HeldJob({}, 'partition: range(),');
    job.hold('map');
    const running = job.start();
    await job.workerAt('map');
    expect(job.ledger()!.state).toBe('PLANNING');
    await running.kill();
    job.letGo('map');
    await expectGoesOn(job);
  });

  it.each([
    { state: 'MAPPING', where: 'map' },
    { state: 'REDUCING', where: 'reduce' },
  ] as const)('in $state goes on from its commits', async ({ state, where }) => {
    const job = new HeldJob();
    job.hold(where);
    const running = job.start();
    await job.workerAt(where);
    // The other worker commits more, so that there is something to keep.
    await until(() => [...commitsOf(job.ledger()).keys()].filter((name) => name.startsWith(where)).length >= 3);
    expect(job.ledger()!.state).toBe(state);
    await running.kill();
    expect(job.workplace.output()).toBeUndefined();
    job.letGo(where);
    await expectGoesOn(job);
  });

  it('in COMMITTING, with some parts published, publishes the rest', async () => {
    for (let tries = 1; ; tries++) {
      const job = new HeldJob({ reduceTasks: 200 });
      const hit = await killCommitting(job, () => (job.workplace.output() ?? []).length > 0);
      const names = job.workplace.output() ?? [];
      if (hit && names.length < 200) {
        expect(names).not.toContain('_SUCCESS');
        return await expectGoesOn(job);
      }
      expect(tries, 'a kill lands among 200 parts').toBeLessThan(10);
    }
  });

  it('in COMMITTING, with everything published, only says so', async () => {
    for (let tries = 1; ; tries++) {
      const job = new HeldJob({ reduceTasks: 200 });
      if (await killCommitting(job, () => (job.workplace.output() ?? []).includes('_SUCCESS'))) return await expectGoesOn(job);
      expect(tries, 'a job commits 200 parts slower than this test looks').toBeLessThan(10);
    }
  });

  it('is run by one of two that are started at once, and the other says by whom', async () => {
    const job = new HeldJob();
    job.hold('map');
    const running = [job.start(), job.start()];
    await job.workerAt('map');
    await until(() => running.some((one) => one.isOver));
    const [loser] = running.filter((one) => one.isOver);
    const [winner] = running.filter((one) => one !== loser);
    const { exitCode, stderr } = await loser!.ended;
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      new RegExp(`REFOLD_JOB_RUNNING[\\s\\S]* is run by process ${winner!.pid} since \\d[\\s\\S]*refold cancel job-`),
    );
    job.letGo('map');
    await winner!.done();
    expect(job.sortedLines).toEqual(HELD_TOTALS);
    expect(job.ledger()!.run).toBe(1);
    job.expectTidy();
  });
});
