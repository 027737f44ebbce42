import { describe, expect, it } from 'vitest';
import { markFailed } from '../../lib/coordinator/mark-failed.ts';
import type { Failure } from '../../lib/errors.ts';
import { TASK_CANCELLED } from '../../lib/job/failure.ts';
import { type MemoryWorld, memoryWorld } from '../../lib/memory/memory-world.ts';

const failure = (code: string, message: string): Failure => ({ name: 'Error', code, message, retryable: true });

const task = (index: number) => ({ jobId: 'j', step: 0, phase: 'map', index }) as const;

async function mapping(): Promise<MemoryWorld> {
  const world = memoryWorld();
  const job = { jobId: 'j', fingerprint: 'f', name: 'j', outputPath: '/out', executionId: '', generations: [0] };
  await world.ledger.createJob({ ...job, state: 'PLANNING', run: 0, createdAtMs: 0, updatedAtMs: 0 });
  await world.ledger.startRun('j', 1, 'e');
  await world.ledger.setJobState('j', 'PLANNING', 'MAPPING', 1);
  return world;
}

function markPhase(world: MemoryWorld, error = 'States.ExceedToleratedFailureThreshold') {
  const at = { next: 'map', step: 0, round: 0, bucket: 'work', key: 'k', groupConcurrency: 1, taskConcurrency: 1 } as const;
  return markFailed({ world, workers: 1, overwrite: false }, { jobId: 'j', run: 1, at, failure: { Error: error } });
}

describe('markFailed', () => {
  it.each(['States.ExceedToleratedFailureThreshold', 'States.BranchFailed'])(
    'names the cause behind %s, and not a task of a lower index that was stopped with the phase',
    async (error) => {
      const world = await mapping();
      await world.ledger.failAttempt(task(0), 'a', failure(TASK_CANCELLED, 'The task was cancelled.'));
      await world.ledger.failAttempt(task(1), 'b', failure('REFOLD_USER_CODE', 'the cause'));
      const answer = await markPhase(world, error);
      expect(JSON.parse(answer.cause)).toMatchObject({ message: 'the cause' });
      expect(await world.ledger.readJob('j')).toMatchObject({ state: 'FAILED', error: { message: 'the cause' } });
    },
  );

  it('names the task whose sandboxes were killed before anything could say why', async () => {
    const world = await mapping();
    await world.ledger.beginAttempt(task(0), 'still running');
    for (const attemptId of ['a', 'b', 'c']) await world.ledger.beginAttempt(task(7), attemptId);
    await markPhase(world);
    expect(await world.ledger.readJob('j')).toMatchObject({
      error: {
        code: 'REFOLD_SANDBOX_LOST',
        message: expect.stringContaining('map task 7 was lost 3 times'),
        values: { index: 7, attempts: 3 },
      },
    });
  });

  it('blames no task that may still run', async () => {
    const world = await mapping();
    await world.ledger.beginAttempt(task(0), 'still running');
    await markPhase(world);
    expect(await world.ledger.readJob('j')).toMatchObject({ error: { name: 'States.ExceedToleratedFailureThreshold' } });
  });
});
