import type { Retrier } from './states.ts';

/** The account runs as many functions as it may: other jobs take their turns, and nothing has started. */
export const THROTTLED_ERRORS = ['Lambda.TooManyRequestsException'] as const;

/** Worth many tries: nothing was wrong with the task. Task programs throw it as `TransientError`; the others come from Lambda. */
export const TRANSIENT_ERRORS = [
  'TransientError',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.EC2ThrottledException',
  'Lambda.ResourceNotReadyException',
  'Lambda.ResourceConflictException',
  'Lambda.CodeArtifactUserPendingException',
] as const;

/** The sandbox went away, whether by memory, time or a kill: one class, because its names differ between sources. */
export const LOST_ERRORS = [
  'SandboxLost',
  'Runtime.ExitError',
  'Runtime.OutOfMemory',
  'Sandbox.Timedout',
  'Lambda.Unknown',
  'States.Timeout',
] as const;

/** Another attempt may succeed, a few times. What is in no list, such as `PermanentError`, is never retried. */
export const USER_ERRORS = ['UserError'] as const;

/**
 * With full jitter up to 120 s a time about two hours on average: several of the longest tasks of another job. The history of a child bounds
 * it, at 25,000 events: 40 tasks that are throttled to the end, and fail in every other way as well, make 19,000 of three a try.
 */
const THROTTLED_TRIES = 120;
/** With full jitter up to 60 s a time, 30 tries ride out about a quarter of an hour. */
const TRANSIENT_TRIES = 30;

export type RetryPolicy = {
  /** Attempts in all, of a task whose user code throws. From 1. */
  readonly maxAttempts: number;
  /** Attempts in all, of a task whose sandbox is lost; 1 where a larger function or another plan is tried instead. */
  readonly lostAttempts: number;
};

/** The retry ladder of every task, in this order. */
export function retryLadder(policy: RetryPolicy): readonly Retrier[] {
  return [
    {
      ErrorEquals: THROTTLED_ERRORS,
      IntervalSeconds: 1,
      BackoffRate: 2,
      MaxDelaySeconds: 120,
      MaxAttempts: THROTTLED_TRIES,
      JitterStrategy: 'FULL',
    },
    {
      ErrorEquals: TRANSIENT_ERRORS,
      IntervalSeconds: 1,
      BackoffRate: 2,
      MaxDelaySeconds: 60,
      MaxAttempts: TRANSIENT_TRIES,
      JitterStrategy: 'FULL',
    },
    {
      ErrorEquals: LOST_ERRORS,
      IntervalSeconds: 1,
      BackoffRate: 2,
      MaxDelaySeconds: 10,
      MaxAttempts: policy.lostAttempts - 1,
      JitterStrategy: 'FULL',
    },
    // No growing wait: user code that failed is not a crowded service.
    { ErrorEquals: USER_ERRORS, IntervalSeconds: 1, BackoffRate: 1, MaxAttempts: policy.maxAttempts - 1, JitterStrategy: 'FULL' },
  ];
}

/** For a Map whose task list could not be read; no item has started then. */
export const readerRetry: readonly Retrier[] = [
  {
    ErrorEquals: ['States.ItemReaderFailed'],
    IntervalSeconds: 1,
    BackoffRate: 2,
    MaxDelaySeconds: 20,
    MaxAttempts: 6,
    JitterStrategy: 'FULL',
  },
];
