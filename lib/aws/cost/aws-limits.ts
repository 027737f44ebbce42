/** A limit of AWS as it is for an account that has asked for nothing, and where AWS says so. */
export type AwsLimit = {
  readonly title: string;
  readonly value: number;
  readonly unit: string;
  /** Can AWS raise it? */
  readonly raisable: boolean;
  readonly source: string;
};

const STEP_FUNCTIONS = 'https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html';
const LAMBDA = 'https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html';

export const AWS_LIMITS = {
  payloadBytes: { title: 'state payload', value: 262_144, unit: 'bytes', raisable: false, source: STEP_FUNCTIONS },
  historyEvents: { title: 'history of an execution', value: 25_000, unit: 'events', raisable: false, source: STEP_FUNCTIONS },
  children: {
    title: 'children of a distributed map at a time',
    value: 10_000,
    unit: 'children',
    raisable: false,
    source: STEP_FUNCTIONS,
  },
  transitionsPerSecond: { title: 'state transitions', value: 5_000, unit: 'a second', raisable: true, source: STEP_FUNCTIONS },
  invocationSeconds: { title: 'longest invocation', value: 900, unit: 's', raisable: false, source: LAMBDA },
  scratchBytes: { title: 'scratch space', value: 10_240 * 1024 * 1024, unit: 'bytes', raisable: false, source: LAMBDA },
  concurrency: { title: 'sandboxes of an account', value: 1_000, unit: 'sandboxes', raisable: true, source: LAMBDA },
  sandboxesPerTenSeconds: {
    title: 'new sandboxes of a function in 10 s',
    value: 1_000,
    unit: 'sandboxes',
    raisable: false,
    source: 'https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html',
  },
  getsPerSecond: {
    title: 'GETs of a prefix, until S3 has split it',
    value: 5_500,
    unit: 'a second',
    raisable: false,
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html',
  },
  uploadParts: {
    title: 'parts of an upload',
    value: 10_000,
    unit: 'parts',
    raisable: false,
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html',
  },
  /** Ours: the index is held by PlanReduce, and read by every reduce task. */
  indexRows: {
    title: 'rows of the shuffle index (ours)',
    value: 2e7,
    unit: 'rows',
    raisable: false,
    source: 'lib/split/count-partitions.ts',
  },
} as const satisfies Readonly<Record<string, AwsLimit>>;

export type LimitName = keyof typeof AWS_LIMITS;
