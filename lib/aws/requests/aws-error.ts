import { RefoldError } from '../../errors.ts';
import { isPassing } from './request-retries.ts';

/** A service or the network stayed in the way for all tries of a request. The task's own retries take it from there, by this name. */
export class TransientError extends RefoldError {
  override readonly name = 'TransientError';
  readonly code = 'REFOLD_AWS_TRANSIENT';
  readonly retryable = true;
  readonly hint =
    'Run the same command again later: what was done is kept. Check the network, and AWS_ENDPOINT_URL where it is set.';
  constructor(values: { action: string; resource: string; reason: string }, options?: ErrorOptions) {
    super(`${values.action} on ${values.resource} failed at every try: ${values.reason}.`, values, options);
  }
}

/** The identity that makes the call has no right to it. */
export class AccessDeniedError extends RefoldError {
  override readonly name = 'AccessDeniedError';
  readonly code = 'REFOLD_AWS_ACCESS_DENIED';
  readonly retryable = false;
  readonly hint =
    'Allow the action to the identity that you use (AWS_PROFILE), or in a stack name the location in its inputs or outputs; see docs/iam.md.';
  constructor(values: { action: string; resource: string; reason: string }, options?: ErrorOptions) {
    super(`${values.action} on ${values.resource} is not allowed: ${values.reason}.`, values, options);
  }
}

/** No credentials, or such as AWS takes no longer. */
export class CredentialsError extends RefoldError {
  override readonly name = 'CredentialsError';
  readonly code = 'REFOLD_AWS_CREDENTIALS';
  readonly retryable = false;
  readonly hint = 'Sign in again (aws sso login), or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.';
  constructor(values: { action: string; reason: string }, options?: ErrorOptions) {
    super(`${values.action} could not be signed: ${values.reason}.`, values, options);
  }
}

/** No region is set anywhere that the AWS tools look. */
export class RegionMissingError extends RefoldError {
  override readonly name = 'RegionMissingError';
  readonly code = 'REFOLD_AWS_REGION';
  readonly retryable = false;
  readonly hint = 'Set AWS_REGION, or a region in the profile that you use (AWS_PROFILE).';
  constructor(values: { action: string }, options?: ErrorOptions) {
    super(`${values.action} needs a region, and none is set.`, values, options);
  }
}

export class BucketMissingError extends RefoldError {
  override readonly name = 'BucketMissingError';
  readonly code = 'REFOLD_BUCKET_MISSING';
  readonly retryable = false;
  readonly hint = 'Check the name of the bucket, and that it is in an account and partition that you can reach.';
  constructor(values: { bucket: string }, options?: ErrorOptions) {
    super(`There is no bucket ${values.bucket}.`, values, options);
  }
}

/** A table, function, state machine or stack that is not there. */
export class AwsResourceMissingError extends RefoldError {
  override readonly name = 'AwsResourceMissingError';
  readonly code = 'REFOLD_AWS_RESOURCE_MISSING';
  readonly retryable = false;
  readonly hint = 'Deploy the stack (refold deploy), and check --stack and AWS_REGION.';
  constructor(values: { action: string; resource: string }, options?: ErrorOptions) {
    super(`${values.action}: ${values.resource} does not exist.`, values, options);
  }
}

/** The call that failed, for messages. */
export type FailedCall = { readonly action: string; readonly resource: string; readonly bucket?: string };

/**
 * An AWS error that no caller asks about, as one of ours with `cause`. What is an answer to somebody's question (a failed condition, a
 * missing key) comes back as it is, to be matched by its name where the question was asked.
 */
export function toAwsError(error: unknown, call: FailedCall): unknown {
  if (!(error instanceof Error) || error instanceof RefoldError || error.name === 'AbortError') return error;
  const { action, resource } = call;
  const reason = reasonOf(error);
  if (CREDENTIALS_NAMES.has(error.name)) return new CredentialsError({ action, reason }, { cause: error });
  if (isPassing(error)) return new TransientError({ action, resource, reason }, { cause: error });
  if (error.name === 'NoSuchBucket') return new BucketMissingError({ bucket: call.bucket ?? resource }, { cause: error });
  if (MISSING_NAMES.has(error.name)) return new AwsResourceMissingError({ action, resource }, { cause: error });
  if (error.message === 'Region is missing') return new RegionMissingError({ action }, { cause: error });
  // An archived object answers 403 too.
  if (DENIED_NAMES.has(error.name) || (statusOf(error) === 403 && error.name !== 'InvalidObjectState')) {
    return new AccessDeniedError({ action, resource, reason }, { cause: error });
  }
  return error;
}

/** The HTTP status of an AWS error, or 0. */
export function statusOf(error: unknown): number {
  const metadata = (error as { $metadata?: { httpStatusCode?: number } } | null | undefined)?.$metadata;
  return metadata?.httpStatusCode ?? 0;
}

/** The name and text of the error, for the end of a sentence. HEAD answers have no text. */
function reasonOf(error: Error): string {
  const text = error.message.slice(0, REASON_LENGTH_MAX).replace(/\.$/, '');
  return text === '' || text === error.name ? error.name : `${error.name}, ${text}`;
}

/** Some services send the whole request back. */
const REASON_LENGTH_MAX = 300;

const CREDENTIALS_NAMES: ReadonlySet<string> = new Set([
  'CredentialsProviderError',
  'TokenProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'TokenRefreshRequired',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidToken',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'RequestTimeTooSkewed',
  'RequestExpired',
  'IncompleteSignature',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
]);
const DENIED_NAMES: ReadonlySet<string> = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AllAccessDisabled',
  'AccountProblem',
  'KMSAccessDeniedException',
  'UnauthorizedOperation',
]);
const MISSING_NAMES: ReadonlySet<string> = new Set([
  'ResourceNotFoundException',
  'TableNotFoundException',
  'StateMachineDoesNotExist',
]);
