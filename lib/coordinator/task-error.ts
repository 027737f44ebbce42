import type { ErrorValues, Failure } from '../errors.ts';
import { RefoldError } from '../errors.ts';
import { TRANSIENT_ERRORS } from './retry-policy.ts';

/** The names that the retry ladder knows. Retrying is decided by name alone, so a task program throws nothing else. */
export type TaskErrorName = 'UserError' | 'PermanentError' | 'TransientError' | 'SandboxLost';

/** Design section 8: what crosses a border is at most this, as JSON in UTF-8. */
const FAILURE_BYTES_MAX = 2048;
const VALUE_CHARS_MAX = 200;

/** How the AWS SDK and Node call an error that passes by itself. Only for errors that no adapter turned into one of ours. */
const TRANSIENT_NAMES: ReadonlySet<string> = new Set([
  ...TRANSIENT_ERRORS,
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'SlowDown',
  'InternalError',
  'InternalServerError',
  'ServiceUnavailable',
  'TimeoutError',
  'NetworkingError',
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
]);

/** An error as the state machine sees it: the class as its name, the Failure as JSON in its message. */
export class TaskError extends Error {
  override readonly name: TaskErrorName;
  readonly failure: Failure;

  constructor(name: TaskErrorName, failure: Failure, options?: ErrorOptions) {
    super(JSON.stringify(failure), options);
    this.name = name;
    this.failure = failure;
  }
}

/** What a task program or handler throws for `error`: the one place that chooses how it is retried. */
export function toTaskError(error: unknown): TaskError {
  if (error instanceof TaskError) return error;
  const failure = toFailure(error);
  return new TaskError(taskErrorName(failure), failure, { cause: error });
}

/** How a failure is retried. A failure that may be retried and is not known to pass by itself counts as the user's. */
export function taskErrorName(failure: Failure): TaskErrorName {
  if (!failure.retryable) return 'PermanentError';
  return TRANSIENT_NAMES.has(failure.name) || TRANSIENT_NAMES.has(String(failure.values?.code)) ? 'TransientError' : 'UserError';
}

/** Any thrown value as it travels: at most 2 KB, however long its message. */
export function toFailure(error: unknown): Failure {
  if (error instanceof TaskError) return error.failure;
  if (error instanceof RefoldError) {
    const { name, code, message, hint, retryable, values } = error;
    return shortened({ name, code, message, hint, retryable, values });
  }
  if (!(error instanceof Error)) {
    return shortened({ name: typeof error, code: 'REFOLD_FOREIGN', message: textOf(error), retryable: true });
  }
  const code = 'code' in error && typeof error.code === 'string' ? { values: { code: error.code } } : {};
  const retryable = error.name !== 'PermanentError';
  return shortened({ name: error.name, code: 'REFOLD_FOREIGN', message: error.message, retryable, ...code });
}

/**
 * The Failure in what a machine or function ended with: `cause` is a Failure as JSON, or Lambda's `{ errorType, errorMessage }`
 * around one. Anything else becomes a Failure named `error`.
 */
export function failureFromCause(error: string, cause: string | undefined): Failure {
  const parsed = parseJson(cause ?? '');
  if (isFailure(parsed)) return parsed;
  const message = isRecord(parsed) && typeof parsed.errorMessage === 'string' ? parsed.errorMessage : (cause ?? '');
  const inner = parseJson(message);
  if (isFailure(inner)) return inner;
  return shortened({ name: error, code: 'REFOLD_MACHINE', message: message || error, retryable: false });
}

function shortened(failure: Failure): Failure {
  const values = failure.values && shortValues(failure.values);
  const whole: Failure = { ...failure, name: cut(failure.name, VALUE_CHARS_MAX), ...(values ? { values } : {}) };
  if (jsonBytes(whole) <= FAILURE_BYTES_MAX) return whole;
  // Without values first, since the message says most; then as much of the message as fits.
  const { values: _, ...bare } = whole;
  let low = 0;
  let high = bare.message.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (jsonBytes({ ...bare, message: cut(bare.message, middle) }) <= FAILURE_BYTES_MAX) low = middle;
    else high = middle - 1;
  }
  const short = { ...whole, message: cut(bare.message, low) };
  return jsonBytes(short) <= FAILURE_BYTES_MAX ? short : { ...bare, message: cut(bare.message, low) };
}

function shortValues(values: ErrorValues): ErrorValues {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? cut(value, VALUE_CHARS_MAX) : value]),
  );
}

/** Never ends in half a surrogate pair, which would not survive UTF-8. */
function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text.toWellFormed() : `${text.slice(0, Math.max(0, charsMax - 1)).toWellFormed()}…`;
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function textOf(value: unknown): string {
  try {
    return typeof value === 'object' ? (JSON.stringify(value) ?? String(value)) : String(value);
  } catch {
    return 'a value that cannot be shown'; // A cycle, a throwing toJSON or toString: the text is for people only.
  }
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
