import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { RefoldError } from '../errors.ts';
import { AwsResourceMissingError } from './aws-error.ts';
import { deleteStack, type StackDeletion } from './delete-stack.ts';
import { describeStack } from './describe-stack.ts';
import { AwsRequests } from './requests.ts';

/** A stack that somebody else made. */
export class ForeignStackError extends RefoldError {
  override readonly name = 'ForeignStackError';
  readonly code = 'REFOLD_FOREIGN_STACK';
  readonly retryable = false;
  readonly hint =
    'Check --stack and the region. A stack whose first deployment failed is removed with: aws cloudformation delete-stack.';
  constructor(values: { stack: string; status: string }, options?: ErrorOptions) {
    super(`The stack ${values.stack} (${values.status}) is not one of refold: it has not its outputs.`, values, options);
  }
}

/** By these a stack is known as one of refold. */
const OUTPUTS = ['WorkBucket', 'Table', 'StateMachineArn', 'Functions'];

/** A stack of refold that is there, and how to remove it. @throws AwsResourceMissingError, ForeignStackError */
export async function openStackRemoval(stack: string, requests: AwsRequests = new AwsRequests()) {
  const found = await describeStack(requests, stack);
  if (found === undefined) throw new AwsResourceMissingError({ action: 'destroy', resource: `the stack ${stack}` });
  if (OUTPUTS.some((name) => found.outputs[name] === undefined)) throw new ForeignStackError({ stack, status: found.status });
  return {
    region: await requests.client(CloudFormationClient).config.region(),
    remove: (signal: AbortSignal): Promise<StackDeletion> => deleteStack(requests, found.stackId, signal),
  };
}
