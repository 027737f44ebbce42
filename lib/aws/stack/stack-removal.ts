import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { AwsResourceMissingError } from '../requests/aws-error.ts';
import { AwsRequests } from '../requests/requests.ts';
import { deleteStack, type StackDeletion } from './delete-stack.ts';
import { findOwnStack } from './own-stack.ts';

/** A stack of refold that is there, and how to remove it. @throws AwsResourceMissingError, ForeignStackError */
export async function openStackRemoval(stack: string, requests: AwsRequests = new AwsRequests()) {
  const found = await findOwnStack(requests, stack);
  if (found === undefined) throw new AwsResourceMissingError({ action: 'destroy', resource: `the stack ${stack}` });
  return {
    region: await requests.client(CloudFormationClient).config.region(),
    remove: (signal: AbortSignal): Promise<StackDeletion> => deleteStack(requests, found.stackId, signal),
  };
}
