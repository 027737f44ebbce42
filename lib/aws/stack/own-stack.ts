import { RefoldError } from '../../errors.ts';
import type { AwsRequests } from '../requests/requests.ts';
import { describeStack, type StackDescription } from './describe-stack.ts';

/** A stack that something else than `refold deploy` made: deploying over it would remove all that is in it. */
export class ForeignStackError extends RefoldError {
  override readonly name = 'ForeignStackError';
  readonly code = 'REFOLD_FOREIGN_STACK';
  readonly retryable = false;
  readonly hint =
    'Check --stack and the region. A stack that holds the construct among other things is deployed and removed by its own app.';
  constructor(values: { stack: string; status: string }, options?: ErrorOptions) {
    super(`The stack ${values.stack} (${values.status}) was not made by refold deploy.`, values, options);
  }
}

/** How the description of the stacks that `refold deploy` makes begins (cdk/stack.ts). */
const DESCRIPTION_START = 'refold: ';

/** One request. Undefined when there is no stack of that name. @throws ForeignStackError */
export async function findOwnStack(requests: AwsRequests, stack: string): Promise<StackDescription | undefined> {
  const found = await describeStack(requests, stack);
  // Begun and never made, it holds nothing, nor says what it was to be.
  if (found?.status === 'REVIEW_IN_PROGRESS') return undefined;
  if (found === undefined || found.description.startsWith(DESCRIPTION_START)) return found;
  throw new ForeignStackError({ stack, status: found.status });
}
