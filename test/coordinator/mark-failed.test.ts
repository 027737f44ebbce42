import { describe, expect, it } from 'vitest';
import { markFailed } from '../../lib/coordinator/mark-failed.ts';
import type { Failure } from '../../lib/errors.ts';
import { TASK_CANCELLED } from '../../lib/job/failure.ts';
import { memoryWorld } from '../../lib/memory/memory-world.ts';

const failure = (code: string, message: string): Failure => ({ name: 'Error', code, message, retryable: true });

describe('markFailed', () => {
  it('names the cause, and not a task of a lower index that was stopped with the phase', async () => {
    const world = memoryWorld();
    const job = { jobId: 'j', fingerprint: 'f', name: 'j', outputPath: '/out', executionId: '', generations: [0] };
    await world.ledger.createJob({ ...job, state: 'PLANNING', run: 0, createdAtMs: 0, updatedAtMs: 0 });
    await world.ledger.startRun('j', 1, 'e');
    await world.ledger.setJobState('j', 'PLANNING', 'MAPPING', 1);
    const task = (index: number) => ({ jobId: 'j', step: 0, phase: 'map', index }) as const;
    await world.ledger.failAttempt(task(0), 'a', failure(TASK_CANCELLED, 'The task was cancelled.'));
    await world.ledger.failAttempt(task(1), 'b', failure('REFOLD_USER_CODE', 'the cause'));
    const at = { next: 'map', step: 0, round: 0, bucket: 'work', key: 'k', groupConcurrency: 1, taskConcurrency: 1 } as const;
    const call = { jobId: 'j', run: 1, at, failure: { Error: 'States.ExceedToleratedFailureThreshold' } };
    const answer = await markFailed({ world, workers: 1, overwrite: false }, call);
    expect(JSON.parse(answer.cause)).toMatchObject({ message: 'the cause' });
    expect(await world.ledger.readJob('j')).toMatchObject({ state: 'FAILED', error: { message: 'the cause' } });
  });
});
