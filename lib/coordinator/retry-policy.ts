import type { Retrier } from './states.ts';

/** Worth many tries: nothing was wrong with the task. Task programs throw it as `TransientError`; the others come from Lambda. */
export const TRANSIENT_ERRORS = [
  'TransientError',
  'Lambda.TooManyRequestsException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.EC2ThrottledException',
  'Lambda.ResourceNotReadyException',
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

/** Another attempt may succeed, a few times. What is in neither list, such as `PermanentError`, is never retried. */
export const USER_ERRORS = ['UserError'] as const;

/** With full jitter up to 60 s a time, 30 tries ride out about a quarter of an hour of throttling. */
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
