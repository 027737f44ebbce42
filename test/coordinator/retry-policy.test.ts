import { describe, expect, it } from 'vitest';
import { LOST_ERRORS, retryLadder, THROTTLED_ERRORS, TRANSIENT_ERRORS, USER_ERRORS } from '../../lib/coordinator/retry-policy.ts';
import { TASKS_PER_GROUP_MAX } from '../../lib/coordinator/task-list.ts';

const EVENTS_MAX = 25_000;
const EVENTS_PER_TRY = 3; // Scheduled, started, failed.

describe('retryLadder', () => {
  it('waits longest for its turn, tries transient errors often, lost sandboxes and user errors a few times, in this order', () => {
    const ladder = retryLadder({ maxAttempts: 4, lostAttempts: 2 });
    expect(ladder.map((retrier) => [retrier.ErrorEquals, retrier.MaxAttempts])).toEqual([
      [THROTTLED_ERRORS, 120],
      [TRANSIENT_ERRORS, 30],
      [LOST_ERRORS, 1],
      [USER_ERRORS, 3],
    ]);
  });

  it('rides out other jobs for hours, and not the history of a child', () => {
    const ladder = retryLadder({ maxAttempts: 4, lostAttempts: 4 });
    const { IntervalSeconds = 1, BackoffRate = 2, MaxDelaySeconds = 0, MaxAttempts = 0 } = ladder[0]!;
    let meanSeconds = 0;
    for (let at = 0; at < MaxAttempts; at++) meanSeconds += Math.min(MaxDelaySeconds, IntervalSeconds * BackoffRate ** at) / 2;
    expect(meanSeconds).toBeGreaterThan(1.8 * 3_600);
    const tries = 1 + ladder.reduce((total, retrier) => total + (retrier.MaxAttempts ?? 3), 0);
    expect(TASKS_PER_GROUP_MAX * tries * EVENTS_PER_TRY).toBeLessThan(EVENTS_MAX * 0.8);
  });

  it('jitters every wait fully, and caps those that grow', () => {
    for (const retrier of retryLadder({ maxAttempts: 4, lostAttempts: 4 })) {
      expect(retrier.JitterStrategy).toBe('FULL');
      if (retrier.BackoffRate !== 1) expect(retrier.MaxDelaySeconds).toBeGreaterThan(retrier.IntervalSeconds!);
    }
  });

  it('never tries again after a first attempt that was the last', () => {
    const [, , lost, user] = retryLadder({ maxAttempts: 1, lostAttempts: 1 });
    expect([lost?.MaxAttempts, user?.MaxAttempts]).toEqual([0, 0]);
  });

  // Spelled out, since a name that is missing here is a job that fails on AWS for nothing.
  it('lists every name that a lost sandbox has', () => {
    expect(LOST_ERRORS.toSorted()).toEqual(
      [
        'Lambda.Unknown',
        'Runtime.ExitError',
        'Runtime.OutOfMemory',
        'Sandbox.Timedout',
        'SandboxLost',
        'States.Timeout',
      ].toSorted(),
    );
  });

  it('lists every name of an error that passes by itself', () => {
    expect(TRANSIENT_ERRORS.toSorted()).toEqual(
      [
        'Lambda.AWSLambdaException',
        'Lambda.CodeArtifactUserPendingException',
        'Lambda.ClientExecutionTimeoutException',
        'Lambda.EC2ThrottledException',
        'Lambda.ResourceConflictException',
        'Lambda.ResourceNotReadyException',
        'Lambda.SdkClientException',
        'Lambda.ServiceException',
        'TransientError',
      ].toSorted(),
    );
  });

  it('lists no name twice, and never one that is permanent', () => {
    const names = retryLadder({ maxAttempts: 4, lostAttempts: 4 }).flatMap((retrier) => retrier.ErrorEquals);
    expect(new Set(names).size).toBe(names.length);
    for (const never of ['PermanentError', 'States.ALL', 'States.TaskFailed']) expect(names).not.toContain(never);
  });
});
