import { regionOf } from '../requests/region-of.ts';
import { AwsRequests } from '../requests/requests.ts';
import { deleteStack, type StackDeletion } from './delete-stack.ts';
import { findOwnStack } from './own-stack.ts';
import { StackMissingError } from './stack-outputs.ts';

export type StackRemoval = Awaited<ReturnType<typeof openStackRemoval>>;

/** A stack of refold that is there, and how to remove it. @throws StackMissingError, ForeignStackError */
export async function openStackRemoval(stack: string, requests: AwsRequests = new AwsRequests()) {
  const found = await findOwnStack(requests, stack);
  const region = await regionOf(requests, 'refold destroy');
  if (found === undefined) throw new StackMissingError({ stack, region, hint: NOTHING_TO_REMOVE });
  return {
    region,
    remove: (signal: AbortSignal): Promise<StackDeletion> => deleteStack(requests, found.stackId, signal),
    /** Closes the sockets. */
    close: (): void => requests.close(),
  };
}

const NOTHING_TO_REMOVE = 'There is nothing to remove. If you meant another: --stack, AWS_REGION, AWS_PROFILE.';
