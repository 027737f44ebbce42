import type { Clock } from '../../ports/clock.ts';

/** Tries of one request, the first included: with full jitter they ride out about half a minute. */
export const REQUEST_TRIES_MAX = 8;
/** Waits are drawn from [0, base · 2^retries), capped. A crowded service gets more time than a broken connection. */
const NETWORK_WAIT_MS = 50;
const THROTTLE_WAIT_MS = 250;
const WAIT_MS_MAX = 10_000;

/** Two writers at one key or item at once: neither has failed, and S3 and DynamoDB ask for another try. */
const CONFLICT_NAMES: ReadonlySet<string> = new Set([
  'ConditionalRequestConflict',
  'OperationAborted',
  'TransactionConflictException',
]);
/** Codes of the reasons of a cancelled transaction that say nothing about its conditions. */
const PASSING_REASONS: ReadonlySet<string> = new Set([
  'None',
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
  'RequestLimitExceeded',
]);

/** A body that ended early, stalled or did not match its checksum: as a broken connection, the request is made again. */
export class BrokenBodyError extends Error {
  override readonly name = 'NetworkingError';
}

/** What the SDK says of a failed try. */
type RetryErrorInfo = { readonly error?: unknown; readonly errorType: string };
type RetryToken = { getRetryCount(): number; getRetryDelay(): number };

/**
 * The named layer that retries requests, in the shape that every AWS client takes as its `retryStrategy`. Throttling, answers of
 * 5xx, a broken network, and conflicts of two writers are tried again; everything else is an answer. Nothing else repeats a request.
 */
export class RequestRetries {
  readonly mode = 'refold';
  readonly #clock: Clock;
  readonly #random: () => number;

  constructor(options: { readonly clock: Clock; readonly random: () => number }) {
    this.#clock = options.clock;
    this.#random = options.random;
  }

  async acquireInitialRetryToken(_scope: string): Promise<RetryToken> {
    return tokenOf(0);
  }

  /** Waits, then answers with the next try's token. Throws when there is none: the SDK then throws the error of the try. */
  async refreshRetryTokenForRetry(token: RetryToken, info: RetryErrorInfo): Promise<RetryToken> {
    const retries = token.getRetryCount();
    const kind = retryKindOf(info);
    if (kind === 'answer') throw new Error('the error is an answer');
    if (retries + 1 >= REQUEST_TRIES_MAX) throw new Error('all tries are used up');
    const baseMs = kind === 'throttled' ? THROTTLE_WAIT_MS : NETWORK_WAIT_MS;
    await this.#clock.sleep(Math.ceil(this.#random() * Math.min(WAIT_MS_MAX, baseMs * 2 ** retries)));
    return tokenOf(retries + 1);
  }

  recordSuccess(_token: RetryToken): void {}
}

function tokenOf(retries: number): RetryToken {
  return { getRetryCount: () => retries, getRetryDelay: () => 0 };
}

/** Whether a failed try may be repeated. `errorType` is the SDK's own word for it. */
function retryKindOf({ error, errorType }: RetryErrorInfo): 'throttled' | 'network' | 'answer' {
  if (errorType === 'THROTTLING') return 'throttled';
  if (isConflict(error)) return 'throttled';
  if (errorType === 'TRANSIENT' || errorType === 'SERVER_ERROR' || error instanceof BrokenBodyError) return 'network';
  return 'answer';
}

/** Would another try, and nothing else, help? */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof BrokenBodyError || isConflict(error)) return true;
  const { $metadata, $retryable, code } = error as Partial<SdkError>;
  const status = $metadata?.httpStatusCode ?? 0;
  return (
    status === 429 ||
    status >= 500 ||
    $retryable !== undefined ||
    PASSING_NAMES.has(error.name) ||
    (typeof code === 'string' && NETWORK_CODES.has(code))
  );
}

function isConflict(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (CONFLICT_NAMES.has(error.name)) return true;
  const reasons = (error as { CancellationReasons?: readonly { readonly Code?: string }[] }).CancellationReasons;
  return (
    error.name === 'TransactionCanceledException' && (reasons ?? []).every(({ Code }) => PASSING_REASONS.has(Code ?? 'None'))
  );
}

type SdkError = {
  readonly $metadata: { readonly httpStatusCode?: number };
  readonly $retryable: object;
  readonly code: unknown;
};

const PASSING_NAMES: ReadonlySet<string> = new Set([
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  'NetworkingError',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestThrottled',
  'RequestThrottledException',
  'RequestLimitExceeded',
  'BandwidthLimitExceeded',
  'ProvisionedThroughputExceededException',
  'TransactionInProgressException',
]);
const NETWORK_CODES: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
