import { MixedSumError, UnsummableError } from '../combine/sum.ts';
import { type ErrorValues, InvariantError, RefoldError, ScratchFullError } from '../errors.ts';
import { showKey } from '../record/show-key.ts';
import { LateEmitError } from './emit-gate.ts';
import { describeThrown } from './failure.ts';
import type { Position } from './task-context.ts';
import { userFrames } from './user-frames.ts';

/** Thrown by user code to say that another try is useless: the job fails at once. */
export class PermanentError extends RefoldError {
  override readonly name = 'PermanentError';
  readonly code = 'REFOLD_PERMANENT';
  readonly retryable = false;
  readonly hint = 'The job itself said that trying again is useless: see its message.';
}

export type UserFunction = 'map' | 'reduce' | 'combine' | 'setup' | 'cleanup';

/** User code threw: with the place, and with the thrown error as `cause`. Tried `maxAttempts` times. */
export class UserCodeError extends RefoldError {
  override readonly name = 'UserCodeError';
  readonly code = 'REFOLD_USER_CODE';
  readonly retryable: boolean;
  readonly hint: string;
  constructor(where: { function: UserFunction; place: string; values: ErrorValues }, cause: unknown) {
    super(`${where.function} failed${where.place}: ${describe(cause)}`, { function: where.function, ...where.values }, { cause });
    this.retryable = !(cause instanceof RefoldError) || cause.retryable;
    this.hint =
      cause instanceof RefoldError
        ? cause.hint
        : `Fix ${where.function} in the job file, then run the same command again: with other code it is another job, and starts from the beginning.`;
  }
}

/** Emitting runs the engine within the user's call: what fails there for reasons of its own is no fault of user code. */
function isEngineFault(cause: unknown): cause is RefoldError {
  return cause instanceof ScratchFullError || cause instanceof InvariantError || cause instanceof LateEmitError;
}

/** What map threw, with the record in hand. */
export function mapError(cause: unknown, position: Position): RefoldError {
  if (isEngineFault(cause)) return cause;
  const place = ` at ${position.object}, record ${position.record} of its split, byte ${position.byte}`;
  return new UserCodeError(
    { function: 'map', place, values: { object: position.object, byte: position.byte, record: position.record } },
    cause,
  );
}

/** What reduce or combine threw, with the key in hand. */
export function groupError(
  cause: unknown,
  name: 'reduce' | 'combine',
  keyBytes: Uint8Array,
  keyStart: number,
  keyEnd: number,
): RefoldError {
  if (isEngineFault(cause)) return cause;
  const key = showKey(keyBytes, keyStart, keyEnd);
  return new UserCodeError({ function: name, place: ` at key ${key}`, values: { key } }, cause);
}

/** What a built-in combiner says of a key's values, with the key in hand. What failed in reading them stays what it is. */
export function foldError(
  cause: unknown,
  name: 'reduce' | 'combine',
  keyBytes: Uint8Array,
  keyStart: number,
  keyEnd: number,
): unknown {
  const isOfValues = cause instanceof MixedSumError || cause instanceof UnsummableError;
  return isOfValues ? groupError(cause, name, keyBytes, keyStart, keyEnd) : cause;
}

export function setupError(cause: unknown, name: 'setup' | 'cleanup'): RefoldError {
  if (isEngineFault(cause)) return cause;
  return new UserCodeError({ function: name, place: '', values: {} }, cause);
}

/** What was thrown, and the user's own lines that it came through. */
function describe(cause: unknown): string {
  const { name, message, stack } = describeThrown(cause);
  const head = cause instanceof RefoldError || name === 'NotAnError' ? message : `${name}: ${message}`;
  return [head, ...userFrames(stack).map((frame) => `    ${frame}`)].join('\n');
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';
}
