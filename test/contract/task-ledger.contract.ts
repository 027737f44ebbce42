import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Failure, InvariantError } from '../../lib/errors.ts';
import type { Clock } from '../../lib/ports/clock.ts';
import {
  countAbandoned,
  type JobItem,
  type JobState,
  type MapResult,
  type TaskId,
  type TaskLedger,
} from '../../lib/ports/task-ledger.ts';
import { collect } from './collect.ts';

/** `open` gives an empty ledger each time, twice: as two callers see it, who share nothing else. */
export function taskLedgerContract(
  adapterName: string,
  open: (clock: Clock) => Promise<readonly [TaskLedger, TaskLedger]>,
): void {
  describe(`${adapterName} keeps the TaskLedger contract`, () => {
    let ledger: TaskLedger;
    let other: TaskLedger;
    let nowMs = 0;
    const clock: Clock = { nowMs: () => nowMs, sleep: async () => undefined };
    beforeEach(async () => {
      nowMs = 1000;
      [ledger, other] = await open(clock);
    });

    /** A job in its first run, in `state`. */
    const startJob = async (state: JobState = 'MAPPING', jobId = 'job-1'): Promise<void> => {
      await ledger.createJob(jobItem({ jobId, state }));
      await ledger.startRun(jobId, 1, 'execution-1');
    };

    describe('createJob', () => {
      it('creates a job once', async () => {
        const job = jobItem({});
        expect(await ledger.createJob(job)).toEqual({ kind: 'created', job });
        expect(await other.createJob({ ...job, name: 'again', createdAtMs: 2 })).toEqual({ kind: 'exists', job });
        expect(await other.readJob('job-1')).toEqual(job);
      });

      it('refuses two jobs of one id', async () => {
        await ledger.createJob(jobItem({}));
        await expect(ledger.createJob(jobItem({ fingerprint: 'other' }))).rejects.toThrow(InvariantError);
      });

      it('is listed, the newest first', async () => {
        for (const [jobId, createdAtMs] of [
          ['b', 2],
          ['c', 3],
          ['a', 1],
        ] as const) {
          await ledger.createJob(jobItem({ jobId, createdAtMs }));
        }
        expect((await other.listJobs()).map((job) => job.jobId)).toEqual(['c', 'b', 'a']);
      });

      it('keeps no hold on the item it was given', async () => {
        const generations = [0, 0];
        await ledger.createJob(jobItem({ generations }));
        generations[0] = 7;
        expect((await ledger.readJob('job-1'))?.generations).toEqual([0, 0]);
      });

      it('is unknown before', async () => {
        expect(await ledger.readJob('job-1')).toBeUndefined();
        expect(await ledger.listJobs()).toEqual([]);
        await expect(ledger.startRun('job-1', 1, 'x')).rejects.toThrow(InvariantError);
        await expect(ledger.setJobState('job-1', 'PLANNING', 'MAPPING', 0)).rejects.toThrow(InvariantError);
      });
    });

    describe('startRun', () => {
      it('starts the next run', async () => {
        await ledger.createJob(jobItem({}));
        nowMs = 5000;
        const started = await ledger.startRun('job-1', 1, 'execution-1');
        expect(started).toMatchObject({
          kind: 'started',
          job: { run: 1, executionId: 'execution-1', updatedAtMs: 5000, createdAtMs: 1 },
        });
        expect(await other.readJob('job-1')).toEqual(started.job);
      });

      it('starts once for two that race, and says who runs', async () => {
        await ledger.createJob(jobItem({}));
        const answers = await Promise.all([
          ledger.startRun('job-1', 1, 'execution-1'),
          other.startRun('job-1', 1, 'execution-2'),
        ]);
        expect(answers.map((answer) => answer.kind).toSorted()).toEqual(['refused', 'started']);
        expect(answers[0].job.executionId).toBe(answers[1].job.executionId);
      });

      it('answers the same when it is repeated, and changes nothing', async () => {
        await startJob();
        await ledger.setJobState('job-1', 'MAPPING', 'FAILED', 1, { error: failure('boom') });
        const repeated = await other.startRun('job-1', 1, 'execution-1');
        expect(repeated).toMatchObject({ kind: 'started', job: { state: 'FAILED', run: 1 } });
      });

      it.each([0, 1, 3, 4])('refuses run %i after run 1', async (run) => {
        await startJob();
        expect(await ledger.startRun('job-1', run, 'execution-9')).toMatchObject({ kind: 'refused', job: { run: 1 } });
      });

      it.each(['FAILED', 'CANCELLED'] as const)('takes a %s job up again in PLANNING, without its error', async (state) => {
        await startJob();
        await ledger.setJobState('job-1', 'MAPPING', state, 1, { error: failure('boom') });
        const { job } = await ledger.startRun('job-1', 2, 'execution-2');
        expect(job).toMatchObject({ state: 'PLANNING', run: 2 });
        expect(job).not.toHaveProperty('error');
      });

      it.each(['PLANNING', 'MAPPING', 'REDUCING', 'COMMITTING'] as const)(
        'leaves a job that stopped in %s there',
        async (state) => {
          await startJob(state);
          expect(await ledger.startRun('job-1', 2, 'execution-2')).toMatchObject({ kind: 'started', job: { state, run: 2 } });
        },
      );

      it('refuses a job that is DONE', async () => {
        await startJob('DONE');
        expect(await ledger.startRun('job-1', 2, 'execution-2')).toMatchObject({ kind: 'refused', job: { state: 'DONE' } });
      });
    });

    describe('setJobState', () => {
      it('moves a job', async () => {
        await startJob('PLANNING');
        nowMs = 7000;
        const moved = await ledger.setJobState('job-1', 'PLANNING', 'MAPPING', 1);
        expect(moved).toMatchObject({ kind: 'moved', job: { state: 'MAPPING', updatedAtMs: 7000 } });
        expect(await other.readJob('job-1')).toEqual(moved.job);
      });

      it('answers moved when the move is repeated', async () => {
        await startJob('PLANNING');
        await ledger.setJobState('job-1', 'PLANNING', 'MAPPING', 1);
        expect(await other.setJobState('job-1', 'PLANNING', 'MAPPING', 1)).toMatchObject({
          kind: 'moved',
          job: { state: 'MAPPING' },
        });
      });

      it('is refused from another state', async () => {
        await startJob('REDUCING');
        expect(await ledger.setJobState('job-1', 'MAPPING', 'REDUCING', 1)).toMatchObject({
          kind: 'refused',
          job: { state: 'REDUCING' },
        });
      });

      it('is refused to an older run, also when it repeats its own move', async () => {
        await startJob('PLANNING');
        await ledger.setJobState('job-1', 'PLANNING', 'MAPPING', 1);
        await other.startRun('job-1', 2, 'execution-2');
        expect(await ledger.setJobState('job-1', 'PLANNING', 'MAPPING', 1)).toMatchObject({ kind: 'refused' });
        expect(await ledger.setJobState('job-1', 'MAPPING', 'FAILED', 1)).toMatchObject({
          kind: 'refused',
          job: { state: 'MAPPING' },
        });
        expect(await other.setJobState('job-1', 'PLANNING', 'MAPPING', 2)).toMatchObject({ kind: 'refused' });
      });

      it('keeps the error of a job that failed', async () => {
        await startJob();
        await ledger.setJobState('job-1', 'MAPPING', 'FAILED', 1, { error: failure('boom') });
        expect(await other.readJob('job-1')).toMatchObject({ state: 'FAILED', error: failure('boom') });
      });

      it('insists on the generations that were checked', async () => {
        await startJob('REDUCING');
        const moves = (generations: readonly number[]) =>
          ledger.setJobState('job-1', 'REDUCING', 'COMMITTING', 1, { generations });
        expect(await moves([1, 0])).toMatchObject({ kind: 'refused' });
        expect(await moves([0])).toMatchObject({ kind: 'refused' });
        expect(await moves([0, 0])).toMatchObject({ kind: 'moved' });
      });

      it.each([
        ['COMMITTING', 'FAILED'],
        ['COMMITTING', 'CANCELLED'],
        ['COMMITTING', 'REDUCING'],
        ['DONE', 'FAILED'],
        ['DONE', 'PLANNING'],
      ] as const)('never goes from %s to %s', async (from, to) => {
        await startJob('COMMITTING');
        if (from === 'DONE') await ledger.setJobState('job-1', 'COMMITTING', 'DONE', 1);
        expect(await ledger.setJobState('job-1', from, to, 1)).toMatchObject({ kind: 'refused', job: { state: from } });
      });

      it('is won by one of two different moves', async () => {
        await startJob('REDUCING');
        const answers = await Promise.all([
          ledger.setJobState('job-1', 'REDUCING', 'COMMITTING', 1),
          other.setJobState('job-1', 'REDUCING', 'CANCELLED', 1),
        ]);
        expect(answers.map((answer) => answer.kind).toSorted()).toEqual(['moved', 'refused']);
      });
    });

    describe('beginAttempt', () => {
      it('numbers attempts from 1, and a repeated one the same', async () => {
        expect(await ledger.beginAttempt(TASK, 'a')).toEqual({ kind: 'begun', attempt: 1 });
        expect(await other.beginAttempt(TASK, 'b')).toEqual({ kind: 'begun', attempt: 2 });
        expect(await other.beginAttempt(TASK, 'a')).toEqual({ kind: 'begun', attempt: 1 });
        expect(await ledger.readTask(TASK)).toEqual({
          index: 3,
          attempts: 2,
          lost: 0,
          failed: 0,
          invalidated: [],
          usage: {
            finishedMbMs: 0,
            running: [
              { beganAtMs: 1000, sandboxMemoryMb: 0 },
              { beganAtMs: 1000, sandboxMemoryMb: 0 },
            ],
          },
        });
      });

      it('numbers each task by itself', async () => {
        await ledger.beginAttempt(TASK, 'a');
        for (const task of [
          { ...TASK, index: 4 },
          { ...TASK, step: 1 },
          { ...TASK, phase: 'reduce' as const },
          { ...TASK, jobId: 'job-2' },
        ]) {
          expect(await ledger.beginAttempt(task, 'a')).toEqual({ kind: 'begun', attempt: 1 });
        }
      });

      it('answers with the commit that is there, and counts nothing', async () => {
        await ledger.beginAttempt(TASK, 'a');
        await ledger.commit(TASK, 'a', RESULT);
        const expected = { kind: 'committed', commit: { attemptId: 'a', committedAtMs: 1000, result: RESULT } };
        expect(await other.beginAttempt(TASK, 'b')).toEqual(expected);
        expect(await other.beginAttempt(TASK, 'a')).toEqual(expected);
        expect((await ledger.readTask(TASK))?.attempts).toBe(1);
      });
    });

    describe('commit', () => {
      it('is won by the first', async () => {
        await ledger.beginAttempt(TASK, 'a');
        await ledger.beginAttempt(TASK, 'b');
        expect(await ledger.commit(TASK, 'b', RESULT)).toEqual({ kind: 'won' });
        const winner = { attemptId: 'b', committedAtMs: 1000, result: RESULT };
        expect(await other.commit(TASK, 'a', OTHER_RESULT)).toEqual({ kind: 'lost', winner });
        expect(await other.readTask(TASK)).toEqual({
          index: 3,
          attempts: 2,
          lost: 1,
          failed: 0,
          commit: winner,
          invalidated: [],
          usage: { finishedMbMs: 0, running: [] },
        });
      });

      it('is won again by the winner whose reply was lost, and keeps the first result', async () => {
        await ledger.beginAttempt(TASK, 'a');
        await ledger.commit(TASK, 'a', RESULT);
        nowMs = 9000;
        expect(await other.commit(TASK, 'a', OTHER_RESULT)).toEqual({ kind: 'won' });
        expect((await ledger.readTask(TASK))?.commit).toEqual({ attemptId: 'a', committedAtMs: 1000, result: RESULT });
      });

      it('counts a loss once an attempt', async () => {
        for (const attemptId of ['a', 'b', 'c']) await ledger.beginAttempt(TASK, attemptId);
        await ledger.commit(TASK, 'a', RESULT);
        for (const attemptId of ['b', 'b', 'c', 'b']) await ledger.commit(TASK, attemptId, OTHER_RESULT);
        expect(await ledger.readTask(TASK)).toMatchObject({ attempts: 3, lost: 2 });
      });

      it('has one winner among many at once', async () => {
        const ids = Array.from({ length: 20 }, (_, number) => `attempt-${number}`);
        await Promise.all(ids.map((id, at) => (at % 2 === 0 ? ledger : other).beginAttempt(TASK, id)));
        const answers = await Promise.all(ids.map((id, at) => (at % 2 === 0 ? ledger : other).commit(TASK, id, RESULT)));
        expect(answers.filter((answer) => answer.kind === 'won')).toHaveLength(1);
        const task = await ledger.readTask(TASK);
        expect(task).toMatchObject({
          attempts: 20,
          lost: 19,
          commit: { attemptId: ids[answers.findIndex((answer) => answer.kind === 'won')] },
        });
      });

      it('is won by an attempt that was given up as failed, and then counts as committed only', async () => {
        await ledger.beginAttempt(TASK, 'a');
        await ledger.failAttempt(TASK, 'a', failure('lost sandbox'));
        expect(await ledger.commit(TASK, 'a', RESULT)).toEqual({ kind: 'won' });
        const task = await ledger.readTask(TASK);
        expect(task).toMatchObject({ attempts: 1, failed: 0, commit: { attemptId: 'a' } });
        expect(task).not.toHaveProperty('lastFailure');
      });

      it('counts an attempt that the ledger had not seen begin', async () => {
        await ledger.commit(TASK, 'a', RESULT);
        await ledger.commit(TASK, 'b', RESULT);
        expect(await ledger.readTask(TASK)).toMatchObject({ attempts: 2, lost: 1, commit: { attemptId: 'a' } });
      });

      it('works whatever run and state the job is in', async () => {
        await startJob('FAILED');
        expect(await ledger.commit(TASK, 'a', RESULT)).toEqual({ kind: 'won' });
      });
    });

    describe('failAttempt', () => {
      it('counts a failure once an attempt, and keeps the last', async () => {
        for (const attemptId of ['a', 'b']) await ledger.beginAttempt(TASK, attemptId);
        await ledger.failAttempt(TASK, 'a', failure('first'));
        await other.failAttempt(TASK, 'a', failure('again'));
        expect(await ledger.readTask(TASK)).toMatchObject({ attempts: 2, failed: 1, lastFailure: failure('first') });
        await ledger.failAttempt(TASK, 'b', failure('second'));
        expect(await ledger.readTask(TASK)).toMatchObject({ attempts: 2, failed: 2, lastFailure: failure('second') });
      });

      it('does nothing to an attempt that has committed', async () => {
        await ledger.beginAttempt(TASK, 'a');
        await ledger.commit(TASK, 'a', RESULT);
        await ledger.failAttempt(TASK, 'a', failure('the reply was lost'));
        expect(await ledger.readTask(TASK)).toMatchObject({ attempts: 1, failed: 0, commit: { attemptId: 'a' } });
      });

      it('and a loss of one attempt count once', async () => {
        for (const attemptId of ['a', 'b', 'c']) await ledger.beginAttempt(TASK, attemptId);
        await ledger.commit(TASK, 'a', RESULT);
        await ledger.commit(TASK, 'b', RESULT);
        await ledger.failAttempt(TASK, 'b', failure('after its loss'));
        await ledger.failAttempt(TASK, 'c', failure('before its loss'));
        await ledger.commit(TASK, 'c', RESULT);
        expect(await ledger.readTask(TASK)).toMatchObject({ attempts: 3, lost: 1, failed: 1 });
      });
    });

    describe('invalidate', () => {
      it('throws a commit out, and lets another attempt win', async () => {
        await startJob('REDUCING');
        await ledger.beginAttempt(TASK, 'a');
        await ledger.commit(TASK, 'a', RESULT);
        expect(await ledger.invalidate(TASK, 'a', 1)).toBe('invalidated');
        expect(await ledger.readTask(TASK)).toEqual({
          index: 3,
          attempts: 1,
          lost: 0,
          failed: 0,
          invalidated: ['a'],
          usage: { finishedMbMs: 0, running: [] },
        });
        expect(await other.commit(TASK, 'a', RESULT)).toEqual({ kind: 'invalidated' });
        expect(await other.beginAttempt(TASK, 'b')).toEqual({ kind: 'begun', attempt: 2 });
        expect(await other.commit(TASK, 'b', OTHER_RESULT)).toEqual({ kind: 'won' });
        expect(await other.commit(TASK, 'a', RESULT)).toEqual({ kind: 'invalidated' });
        expect(await ledger.readTask(TASK)).toMatchObject({ attempts: 2, invalidated: ['a'], commit: { attemptId: 'b' } });
      });

      it("raises the generation of a map task's step, once for several that ask", async () => {
        await startJob('REDUCING');
        await ledger.commit({ ...TASK, step: 1 }, 'a', RESULT);
        const answers = await Promise.all(
          [ledger, other, ledger].map((caller) => caller.invalidate({ ...TASK, step: 1 }, 'a', 1)),
        );
        expect(answers).toEqual(['invalidated', 'invalidated', 'invalidated']);
        expect(await ledger.readJob('job-1')).toMatchObject({ generations: [0, 1], state: 'REDUCING' });
      });

      it('raises no generation for a reduce task', async () => {
        await startJob('REDUCING');
        await ledger.commit(REDUCE_TASK, 'a', RESULT);
        expect(await ledger.invalidate(REDUCE_TASK, 'a', 1)).toBe('invalidated');
        expect(await ledger.readJob('job-1')).toMatchObject({ generations: [0, 0], state: 'REDUCING' });
      });

      it.each([
        [{ phase: 'map' }, 'MAPPING'],
        [{ phase: 'reduce' }, 'REDUCING'],
      ] as const)('takes a COMMITTING job back for %j to %s', async ({ phase }, state) => {
        await startJob('COMMITTING');
        await ledger.commit({ ...TASK, phase }, 'a', RESULT);
        await ledger.invalidate({ ...TASK, phase }, 'a', 1);
        expect(await ledger.readJob('job-1')).toMatchObject({ state });
      });

      it('takes the move to COMMITTING back for good: a late repeat of it is refused', async () => {
        await startJob('REDUCING');
        await ledger.commit(REDUCE_TASK, 'a', RESULT);
        const move = () => ledger.setJobState('job-1', 'REDUCING', 'COMMITTING', 1, { generations: [0, 0] });
        await move();
        await ledger.commit(TASK, 'a', RESULT);
        await ledger.invalidate(TASK, 'a', 1);
        expect(await move()).toMatchObject({ kind: 'refused', job: { state: 'MAPPING', generations: [1, 0] } });
      });

      it('is not for an attempt that is not the commit', async () => {
        await startJob('REDUCING');
        await ledger.commit(TASK, 'a', RESULT);
        await ledger.commit(TASK, 'b', RESULT);
        for (const attemptId of ['b', 'c']) expect(await ledger.invalidate(TASK, attemptId, 1)).toBe('not-current');
        expect(await ledger.invalidate({ ...TASK, index: 99 }, 'a', 1)).toBe('not-current');
        expect(await ledger.invalidate({ ...TASK, jobId: 'job-9' }, 'a', 1)).toBe('not-current');
        expect(await ledger.readTask({ ...TASK, index: 99 })).toBeUndefined();
        expect(await ledger.readJob('job-1')).toMatchObject({ generations: [0, 0] });
      });

      it('is refused to an older run', async () => {
        await startJob('REDUCING');
        await ledger.commit(TASK, 'a', RESULT);
        await ledger.startRun('job-1', 2, 'execution-2');
        expect(await ledger.invalidate(TASK, 'a', 1)).toBe('not-current');
        expect(await ledger.readTask(TASK)).toMatchObject({ commit: { attemptId: 'a' } });
      });

      it('is refused once the job is DONE', async () => {
        await startJob('DONE');
        await ledger.commit(TASK, 'a', RESULT);
        await ledger.createJob(jobItem({ jobId: 'job-2', state: 'COMMITTING' }));
        await ledger.startRun('job-2', 1, 'execution-1');
        await ledger.commit({ ...TASK, jobId: 'job-2' }, 'a', RESULT);
        await ledger.setJobState('job-2', 'COMMITTING', 'DONE', 1);
        for (const [jobId, run] of [
          ['job-1', 0],
          ['job-2', 1],
        ] as const) {
          expect(await ledger.invalidate({ ...TASK, jobId }, 'a', run)).toBe('not-current');
        }
      });
    });

    describe('usage', () => {
      const begin = async (attemptId: string, atMs: number, megabytes?: number): Promise<void> => {
        nowMs = atMs;
        await ledger.beginAttempt(TASK, attemptId, megabytes === undefined ? undefined : megabytes * 2 ** 20);
      };
      const usage = async () => (await other.readTask(TASK))?.usage;

      it('has who runs, since when and in how much memory', async () => {
        await begin('a', 1000, 1024);
        await begin('b', 3000, 1769.5);
        await begin('a', 9000, 4096);
        expect(await usage()).toEqual({
          finishedMbMs: 0,
          running: [
            { beganAtMs: 1000, sandboxMemoryMb: 1024 },
            { beganAtMs: 3000, sandboxMemoryMb: 1769.5 },
          ],
        });
      });

      it('adds up attempts however they ended, each until its first end', async () => {
        for (const [attemptId, megabytes] of [
          ['failed', 1],
          ['won', 100],
          ['lost', 10_000],
          ['killed', 7],
        ] as const) {
          await begin(attemptId, 1000, megabytes);
        }
        nowMs = 1003;
        await ledger.failAttempt(TASK, 'failed', failure('boom'));
        nowMs = 1005;
        await ledger.commit(TASK, 'won', RESULT);
        nowMs = 1007;
        await ledger.commit(TASK, 'lost', RESULT);
        nowMs = 2000;
        await ledger.failAttempt(TASK, 'failed', failure('again'));
        await ledger.commit(TASK, 'won', RESULT);
        await ledger.commit(TASK, 'lost', RESULT);
        expect(await usage()).toEqual({ finishedMbMs: 70_503, running: [{ beganAtMs: 1000, sandboxMemoryMb: 7 }] });
      });

      it('keeps what an invalidated attempt used, up to its commit', async () => {
        await startJob('REDUCING');
        await begin('a', 1000, 3);
        nowMs = 1004;
        await ledger.commit(TASK, 'a', RESULT);
        nowMs = 5000;
        await ledger.invalidate(TASK, 'a', 1);
        expect(await usage()).toEqual({ finishedMbMs: 12, running: [] });
      });

      it('counts an attempt that failed and won after all until it won', async () => {
        await begin('a', 1000, 3);
        nowMs = 1002;
        await ledger.failAttempt(TASK, 'a', failure('given up'));
        nowMs = 1010;
        await ledger.commit(TASK, 'a', RESULT);
        expect(await usage()).toEqual({ finishedMbMs: 30, running: [] });
        expect(await ledger.readTask(TASK)).not.toHaveProperty('lastFailure');
      });

      it('never goes down when the clock does', async () => {
        await begin('a', 1000, 3);
        nowMs = 900;
        await ledger.commit(TASK, 'a', RESULT);
        expect(await usage()).toEqual({ finishedMbMs: 0, running: [] });
      });
    });

    describe('readTasks', () => {
      it('gives the tasks that have an item, in index order, a page at a time', async () => {
        const indexes = Array.from({ length: 1203 }, (_, number) => number * 3);
        for (const index of indexes.toReversed()) await ledger.beginAttempt({ ...TASK, index }, `a${index}`);
        await ledger.commit({ ...TASK, index: 6 }, 'a6', RESULT);
        await ledger.beginAttempt({ ...TASK, index: 0, phase: 'reduce' }, 'a');
        await ledger.beginAttempt({ ...TASK, index: 0, step: 1 }, 'a');
        const pages = await collect(other.readTasks('job-1', 0, 'map'));
        expect(pages.length).toBeGreaterThan(1);
        expect(pages.flat().map((task) => task.index)).toEqual(indexes);
        expect(pages.flat()[2]).toEqual(await ledger.readTask({ ...TASK, index: 6 }));
      });

      it('gives nothing where nobody began', async () => {
        expect(await collect(ledger.readTasks('job-1', 0, 'map'))).toEqual([]);
        expect(await ledger.readTask(TASK)).toBeUndefined();
      });
    });

    describe('acquireLease', () => {
      it('gives an output path to one job', async () => {
        await startJob('MAPPING', 'job-1');
        await startJob('MAPPING', 'job-2');
        expect(await ledger.acquireLease('/out', 'job-1')).toEqual({ kind: 'acquired' });
        expect(await other.acquireLease('/out', 'job-2')).toEqual({ kind: 'held', by: 'job-1' });
        expect(await other.acquireLease('/out', 'job-1')).toEqual({ kind: 'acquired' });
        expect(await other.acquireLease('/elsewhere', 'job-2')).toEqual({ kind: 'acquired' });
      });

      it('gives it on when it is released, by its holder', async () => {
        await startJob('MAPPING', 'job-1');
        await startJob('MAPPING', 'job-2');
        await ledger.acquireLease('/out', 'job-1');
        await ledger.releaseLease('/out', 'job-2');
        expect(await ledger.acquireLease('/out', 'job-2')).toEqual({ kind: 'held', by: 'job-1' });
        await ledger.releaseLease('/out', 'job-1');
        expect(await ledger.acquireLease('/out', 'job-2')).toEqual({ kind: 'acquired' });
      });

      it.each(['DONE', 'FAILED', 'CANCELLED'] as const)('gives on that of a job that is %s', async (state) => {
        await startJob('MAPPING', 'job-1');
        await startJob('MAPPING', 'job-2');
        await ledger.acquireLease('/out', 'job-1');
        await other.setJobState('job-1', 'MAPPING', state, 1);
        expect(await ledger.acquireLease('/out', 'job-2')).toEqual({ kind: 'acquired' });
        expect(await ledger.acquireLease('/out', 'job-1')).toEqual({ kind: 'held', by: 'job-2' });
      });

      it('is won by one of two at once', async () => {
        await startJob('MAPPING', 'job-1');
        await startJob('MAPPING', 'job-2');
        const answers = await Promise.all([ledger.acquireLease('/out', 'job-1'), other.acquireLease('/out', 'job-2')]);
        expect(answers.map((answer) => answer.kind).toSorted()).toEqual(['acquired', 'held']);
      });
    });

    describe('deleteJob', () => {
      it('forgets the job, its tasks and its leases, and no other', async () => {
        await startJob('MAPPING', 'job-1');
        await startJob('MAPPING', 'job-2');
        await ledger.acquireLease('/out', 'job-1');
        for (const jobId of ['job-1', 'job-2']) await ledger.commit({ ...TASK, jobId }, 'a', RESULT);
        await ledger.deleteJob('job-1');
        await ledger.deleteJob('job-1');
        expect((await other.listJobs()).map((job) => job.jobId)).toEqual(['job-2']);
        expect(await other.readTask(TASK)).toBeUndefined();
        expect(await other.readTask({ ...TASK, jobId: 'job-2' })).toMatchObject({ attempts: 1 });
        expect(await other.acquireLease('/out', 'job-2')).toEqual({ kind: 'acquired' });
      });
    });

    it('keeps its promises under any order of calls, each of which may be repeated', async () => {
      const attemptId = fc.constantFrom('a', 'b', 'c', 'd');
      const call = fc.record({
        kind: fc.constantFrom('begin', 'commit', 'fail', 'invalidate'),
        attemptId,
        repeats: fc.boolean(),
      });
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(call, { maxLength: 20 }), async (calls) => {
          const jobId = `random-${runs++}`;
          const task = { ...TASK, jobId };
          await startJob('REDUCING', jobId);
          let winner: string | undefined;
          const thrownOut = new Set<string>();
          const make = (caller: TaskLedger, { kind, attemptId: id }: { kind: string; attemptId: string }): Promise<unknown> => {
            if (kind === 'begin') return caller.beginAttempt(task, id);
            if (kind === 'commit') return caller.commit(task, id, { ...RESULT, segmentKey: id });
            if (kind === 'fail') return caller.failAttempt(task, id, failure(id));
            return caller.invalidate(task, id, 1);
          };
          for (const each of calls) {
            const answer = await make(ledger, each);
            const item = await ledger.readTask(task);
            if (each.repeats) {
              expect(await make(other, each)).toEqual(answer);
              expect(await other.readTask(task)).toEqual(item);
            }
            // The oracle: a commit stays until that very commit is invalidated, and an invalidated attempt never wins again.
            if (each.kind === 'commit' && winner === undefined && !thrownOut.has(each.attemptId)) winner = each.attemptId;
            if (each.kind === 'invalidate' && winner === each.attemptId) {
              thrownOut.add(winner);
              winner = undefined;
            }
            expect(item?.commit?.attemptId).toBe(winner);
            if (item?.commit) expect(item.commit.result).toMatchObject({ segmentKey: winner });
            expect(new Set(item?.invalidated)).toEqual(thrownOut);
            expect(item === undefined ? 0 : countAbandoned(item)).toBeGreaterThanOrEqual(0);
            expect((await ledger.readJob(jobId))?.generations).toEqual([thrownOut.size, 0]);
          }
        }),
        { numRuns: 60 },
      );
    });
  });
}

const TASK: TaskId = { jobId: 'job-1', step: 0, phase: 'map', index: 3 };
const REDUCE_TASK: TaskId = { ...TASK, phase: 'reduce' };
const RESULT: MapResult = { kind: 'map', segmentKey: 'jobs/job-1/0/map/3/a.seg', segmentBytes: 100, footerStart: 80 };
const OTHER_RESULT: MapResult = { kind: 'map', segmentKey: 'jobs/job-1/0/map/3/b.seg', segmentBytes: 200, footerStart: 180 };

function jobItem(values: Partial<JobItem>): JobItem {
  return {
    jobId: 'job-1',
    fingerprint: 'fingerprint',
    name: 'word-count',
    outputPath: '/out',
    state: 'PLANNING',
    run: 0,
    executionId: '',
    generations: [0, 0],
    createdAtMs: 1,
    updatedAtMs: 1,
    ...values,
  };
}

function failure(message: string): Failure {
  return { name: 'UserError', code: 'REFOLD_USER', message, retryable: true };
}
