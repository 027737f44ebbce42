import { RefoldError } from '../../errors.ts';
import { FailureError } from '../../job/failure.ts';

/** Printed by `refold --help`. */
export const EXIT_CODES = {
  done: 0,
  failed: 1,
  usage: 2,
  cancelled: 3,
  overBudget: 4,
  interrupted: 130,
  terminated: 143,
} as const;

export const EXIT_CODE_MEANINGS: readonly (readonly [number, string])[] = [
  [EXIT_CODES.done, 'done, also when the job was done before, or a pipe that was written to was closed'],
  [EXIT_CODES.failed, 'the job failed; or something else did on the way, such as the watching of a job'],
  [
    EXIT_CODES.usage,
    'nothing was run: wrong usage, a job file that does not load, an input that is missing, an output that is taken or cannot be written, a job that another process runs, no use of .refold, no way to AWS',
  ],
  [EXIT_CODES.cancelled, 'the job was cancelled, or the question of destroy answered with no'],
  [EXIT_CODES.overBudget, 'the job was stopped by its budget, or not taken up because that is used up'],
  [EXIT_CODES.interrupted, 'stopped by Ctrl-C; the same command goes on'],
  [EXIT_CODES.terminated, 'stopped by SIGTERM; the same command goes on'],
];

/** Errors of the call or of the place, met before anything runs. */
export const USAGE_CODES: ReadonlySet<string> = new Set([
  'REFOLD_USAGE',
  'REFOLD_INVALID_OPTION',
  'REFOLD_JOB_MODULE',
  'REFOLD_INVALID_JOB',
  'REFOLD_INPUT_MISSING',
  'REFOLD_INPUT_UNREADABLE',
  'REFOLD_OUTPUT_OVERLAP',
  'REFOLD_OUTPUT_OCCUPIED',
  'REFOLD_OUTPUT_LEASED',
  'REFOLD_JOB_RUNNING',
  'REFOLD_LOCATION_NOT_ALLOWED',
  'REFOLD_CODE_NOT_DEPLOYED',
  'REFOLD_BUCKET_MISSING',
  'REFOLD_STACK_MISSING',
  'REFOLD_STACK_UNUSABLE',
  'REFOLD_FOREIGN_STACK',
  'REFOLD_STACK_BUSY',
  'REFOLD_UNKNOWN_JOB',
  'REFOLD_NO_OUTPUT',
  'REFOLD_AWS_CREDENTIALS',
  'REFOLD_AWS_REGION',
  'REFOLD_AWS_ACCESS_DENIED',
  'REFOLD_AWS_RESOURCE_MISSING',
  'REFOLD_CDK_MISSING',
  'REFOLD_OUTPUT_UNWRITABLE',
  'REFOLD_WORK_AREA',
  'REFOLD_LEDGER_UNUSABLE',
  'REFOLD_LEDGER_VERSION',
  'REFOLD_AWS_TRANSIENT',
]);

/** Of those, what may also come up while a job runs: its own failure then. Something has come to lie at the output, a right or the space is gone. */
const MET_BY_TASKS: ReadonlySet<string> = new Set([
  'REFOLD_OUTPUT_OCCUPIED',
  'REFOLD_INPUT_UNREADABLE',
  'REFOLD_BUCKET_MISSING',
  'REFOLD_AWS_ACCESS_DENIED',
  'REFOLD_AWS_RESOURCE_MISSING',
  'REFOLD_OUTPUT_UNWRITABLE',
  'REFOLD_WORK_AREA',
  'REFOLD_LEDGER_UNUSABLE',
  'REFOLD_LEDGER_VERSION',
  'REFOLD_AWS_TRANSIENT',
]);

/** Of what is met before a job runs, or is the failure of one that did. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof RefoldError)) return EXIT_CODES.failed;
  if (error instanceof FailureError && MET_BY_TASKS.has(error.code)) return EXIT_CODES.failed;
  if (USAGE_CODES.has(error.code)) return EXIT_CODES.usage;
  if (error.code === 'REFOLD_CANCELLED') return EXIT_CODES.cancelled;
  return error.code === 'REFOLD_BUDGET_EXCEEDED' ? EXIT_CODES.overBudget : EXIT_CODES.failed;
}

/** Of a job that has run and ended: whatever it met is its own failure. */
export function exitCodeOfJob(error: unknown): number {
  const exitCode = exitCodeOf(error);
  return exitCode === EXIT_CODES.cancelled || exitCode === EXIT_CODES.overBudget ? exitCode : EXIT_CODES.failed;
}
