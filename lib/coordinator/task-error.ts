import type { Failure } from '../errors.ts';
import { cutFailure, toFailure } from '../job/failure.ts';
import { THROTTLED_ERRORS, TRANSIENT_ERRORS } from './retry-policy.ts';

/** The names that the retry ladder knows. A state machine retries by name alone, so a task function throws nothing else. */
export type TaskErrorName = 'UserError' | 'PermanentError' | 'TransientError' | 'SandboxLost';

/** Retryable errors of ours that more memory or time may mend: the class of a lost sandbox. */
const LOST_CODES: ReadonlySet<string> = new Set([
  'REFOLD_SANDBOX_LOST',
  'REFOLD_HEAP_OVERFLOW',
  'REFOLD_MEMORY_LIMIT',
  'REFOLD_TASK_TIMEOUT',
]);

/** How the AWS SDK calls an error that passes by itself; for those that no adapter turned into one of ours. */
const TRANSIENT_NAMES: ReadonlySet<string> = new Set([
  ...THROTTLED_ERRORS,
  ...TRANSIENT_ERRORS,
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestThrottled',
  'RequestLimitExceeded',
  'ProvisionedThroughputExceededException',
  'SlowDown',
  'InternalError',
  'InternalServerError',
  'ServiceUnavailable',
  'TimeoutError',
  'NetworkingError',
]);

/**
 * An error as the state machine sees it: its class as the name, a Failure as JSON in the message. Lambda logs the message, the stack and
 * every enumerable property of what a function throws: so the message is all there is of the failure in those.
 */
export class TaskError extends Error {
  override readonly name: TaskErrorName;
  /** Not enumerable. */
  declare readonly failure: Failure;

  /** @param told what the message says of the failure: all of it by default */
  constructor(failure: Failure, options?: ErrorOptions, told = failure) {
    super(JSON.stringify(told), options);
    this.name = taskErrorName(failure);
    this.stack = `${this.name}: ${failure.code}`;
    Object.defineProperty(this, 'failure', { value: failure });
  }
}

/** For a failure that the ledger keeps: what user code or a record says in it goes nowhere else. MarkFailed finds it there. */
export function recordedTaskError(failure: Failure): TaskError {
  const { name, code, retryable } = failure;
  return new TaskError(failure, {}, { name, code, message: 'See the ledger: refold status shows it.', retryable });
}

/** What a task function or handler throws for `error`: the one place that chooses how it is retried. */
export function toTaskError(error: unknown): TaskError {
  return error instanceof TaskError ? error : new TaskError(toFailure(error), { cause: error });
}

/** What may be retried and is not known to pass by itself counts as the user's. `PermanentError` is how user code says: never. */
export function taskErrorName(failure: Failure): TaskErrorName {
  if (!failure.retryable || failure.name === 'PermanentError') return 'PermanentError';
  if (LOST_CODES.has(failure.code)) return 'SandboxLost';
  return TRANSIENT_NAMES.has(failure.name) ? 'TransientError' : 'UserError';
}

/**
 * The Failure in what a machine or function ended with: `cause` is a Failure as JSON, or Lambda's `{ errorType, errorMessage }`
 * around one. Anything else becomes a Failure named `error`.
 */
export function failureFromCause(error: string, cause: string | undefined): Failure {
  const outer = parseJson(cause ?? '');
  if (isFailure(outer)) return outer;
  const message = isRecord(outer) && typeof outer.errorMessage === 'string' ? outer.errorMessage : (cause ?? '');
  const inner = parseJson(message);
  if (isFailure(inner)) return inner;
  return cutFailure({ name: error, code: 'REFOLD_MACHINE', message: message || error, retryable: false });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Causes are free text as often as JSON.
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFailure(value: unknown): value is Failure {
  return (
    isRecord(value) &&
    typeof value.name === 'string' &&
    typeof value.code === 'string' &&
    typeof value.message === 'string' &&
    typeof value.retryable === 'boolean'
  );
}
