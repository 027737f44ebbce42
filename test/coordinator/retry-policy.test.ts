import { describe, expect, it } from 'vitest';
import { LOST_ERRORS, retryLadder, TRANSIENT_ERRORS, USER_ERRORS } from '../../lib/coordinator/retry-policy.ts';

describe('retryLadder', () => {
  it('tries transient errors often, lost sandboxes and user errors a few times, in this order', () => {
    const ladder = retryLadder({ maxAttempts: 4, lostAttempts: 2 });
    expect(ladder.map((retrier) => [retrier.ErrorEquals, retrier.MaxAttempts])).toEqual([
      [TRANSIENT_ERRORS, 30],
      [LOST_ERRORS, 1],
      [USER_ERRORS, 3],
    ]);
  });

  it('jitters every wait fully, and caps those that grow', () => {
    for (const retrier of retryLadder({ maxAttempts: 4, lostAttempts: 4 })) {
      expect(retrier.JitterStrategy).toBe('FULL');
      if (retrier.BackoffRate !== 1) expect(retrier.MaxDelaySeconds).toBeGreaterThan(retrier.IntervalSeconds!);
    }
  });

  it('never tries again after a first attempt that was the last', () => {
    const [, lost, user] = retryLadder({ maxAttempts: 1, lostAttempts: 1 });
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
        'Lambda.ClientExecutionTimeoutException',
        'Lambda.EC2ThrottledException',
        'Lambda.ResourceNotReadyException',
        'Lambda.SdkClientException',
        'Lambda.ServiceException',
        'Lambda.TooManyRequestsException',
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
