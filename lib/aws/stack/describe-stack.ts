import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import type { AwsRequests } from '../requests/requests.ts';

/** A stack of the account and region that the AWS tools would use. */
export type StackDescription = {
  readonly stackId: string;
  /** Such as `CREATE_COMPLETE`. */
  readonly status: string;
  /** Why it is in that status, where CloudFormation says so. */
  readonly reason: string | undefined;
  readonly outputs: Readonly<Record<string, string>>;
  /** As its template says, also while it has no outputs yet; '' where it says nothing. */
  readonly description: string;
};

/** One request. Undefined when there is no stack of that name, or one that was deleted. A deleted one is found by its id alone. */
export async function describeStack(requests: AwsRequests, nameOrId: string): Promise<StackDescription | undefined> {
  try {
    const { Stacks = [] } = await requests.client(CloudFormationClient).send(new DescribeStacksCommand({ StackName: nameOrId }));
    const stack = Stacks[0];
    if (stack === undefined) return undefined;
    return {
      stackId: stack.StackId ?? nameOrId,
      status: stack.StackStatus ?? '',
      reason: stack.StackStatusReason,
      description: stack.Description ?? '',
      outputs: Object.fromEntries((stack.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue])),
    };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** CloudFormation has no name for it but that of every bad request. */
function isMissing(error: unknown): boolean {
  return error instanceof Error && error.name === 'ValidationError' && error.message.includes('does not exist');
}
