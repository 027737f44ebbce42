import { type ErrorValues, type Failure, RefoldError } from '../errors.ts';

/** What a failure may weigh as JSON, everywhere it goes: state machine payloads, ledger items, messages between processes. */
export const FAILURE_BYTES_MAX = 2048;
/** Code of the failure of an attempt that was stopped because nobody wanted its result any more: never the cause of anything. */
export const TASK_CANCELLED = 'REFOLD_TASK_CANCELLED';
const STACK_LINES_MAX = 12;
const NAME_LENGTH_MAX = 100;

/** A failure that happened elsewhere, thrown again here: `name`, `code`, `hint` and `values` are those of the original error. */
export class FailureError extends RefoldError {
  override readonly name: string;
  readonly code: `REFOLD_${string}`;
  readonly retryable: boolean;
  readonly hint: string;
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message, failure.values);
    this.name = failure.name;
    this.code = failure.code.startsWith('REFOLD_') ? (failure.code as `REFOLD_${string}`) : 'REFOLD_UNKNOWN';
    this.retryable = failure.retryable;
    this.hint = failure.hint ?? '';
    this.failure = failure;
  }
}

/**
 * Any thrown value as plain data of at most 2 KB. What is no RefoldError becomes the retryable code `REFOLD_UNKNOWN`, with its stack
 * among the values. Never throws, whatever was thrown: null, a proxy, an error whose getters throw.
 */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof FailureError) return thrown.failure;
  if (thrown instanceof RefoldError) {
    const { name, code, message, hint, retryable, values } = thrown;
    return cutFailure({ name, code, message, hint, retryable, values });
  }
  const { name, message, stack } = describeThrown(thrown);
  return cutFailure({ name, code: 'REFOLD_UNKNOWN', message, retryable: true, values: stack === '' ? {} : { stack } });
}

/** What a thrown value says of itself. `stack` holds the frames only, one a line, without those of Node itself; `''` if it has none. */
export function describeThrown(thrown: unknown): { readonly name: string; readonly message: string; readonly stack: string } {
  try {
    if (typeof thrown === 'object' && thrown !== null && 'message' in thrown) {
      const { name, message, stack } = thrown as { name?: unknown; message: unknown; stack?: unknown };
      return {
        name: typeof name === 'string' && name !== '' ? name.slice(0, NAME_LENGTH_MAX) : 'Error',
        message: String(message),
        stack: framesOf(stack),
      };
    }
    const text =
      typeof thrown === 'string' ? JSON.stringify(thrown) : typeof thrown === 'object' ? JSON.stringify(thrown) : String(thrown);
    return { name: 'NotAnError', message: `${text ?? typeof thrown} was thrown, which is not an Error`, stack: '' };
  } catch {
    return { name: 'NotAnError', message: 'something was thrown that cannot be shown', stack: '' };
  }
}

function framesOf(stack: unknown): string {
  if (typeof stack !== 'string') return '';
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line) && !/\(?node:|<anonymous>\)?$/.test(line));
  return frames
    .slice(0, STACK_LINES_MAX)
    .map((line) => line.trim())
    .join('\n');
}

/** Shortens the longest text, again and again, until the whole fits. Terminates: each round halves a text or ends. */
export function cutFailure(failure: Failure): Failure {
  let cut = failure;
  while (Buffer.byteLength(JSON.stringify(cut)) > FAILURE_BYTES_MAX) {
    const longest = longestText(cut);
    if (longest.text.length < 16) return { name: cut.name, code: cut.code, message: cut.message, retryable: cut.retryable };
    cut = longest.replace(`${longest.text.slice(0, Math.floor(longest.text.length / 2)).toWellFormed()}…`);
  }
  return cut;
}

function longestText(failure: Failure): { readonly text: string; readonly replace: (text: string) => Failure } {
  const values: ErrorValues = failure.values ?? {};
  let longest = { text: failure.message, replace: (message: string): Failure => ({ ...failure, message }) };
  if (failure.hint !== undefined && failure.hint.length > longest.text.length) {
    longest = { text: failure.hint, replace: (hint) => ({ ...failure, hint }) };
  }
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== 'string' || value.length <= longest.text.length) continue;
    longest = { text: value, replace: (text) => ({ ...failure, values: { ...values, [name]: text } }) };
  }
  return longest;
}
