import {
  CloudFormationClient,
  DeleteStackCommand,
  paginateListStackResources,
  type StackResourceSummary,
} from '@aws-sdk/client-cloudformation';
import type { AwsRequests } from '../requests/requests.ts';
import { describeStack } from './describe-stack.ts';

const POLL_MS = 2_000;
/** Functions in a VPC take the longest: up to 40 minutes for their network interfaces. */
const DELETE_WAIT_MS = 3_600_000;

export type StackDeletion =
  /** `kept`: resources that the stack leaves behind on purpose. */
  | { readonly kind: 'deleted'; readonly kept: readonly StackResource[] }
  | { readonly kind: 'failed'; readonly status: string; readonly reason: string }
  | { readonly kind: 'running' };

export type StackResource = { readonly type: string; readonly name: string };

/**
 * Deletes a stack and waits until it is gone.
 * @param stackId its id, not its name: a deleted stack is found by its id alone
 * @param signal stops the waiting, not the deletion, which then is `running`
 */
export async function deleteStack(requests: AwsRequests, stackId: string, signal: AbortSignal): Promise<StackDeletion> {
  await requests.client(CloudFormationClient).send(new DeleteStackCommand({ StackName: stackId }));
  const giveUpAtMs = requests.clock.nowMs() + DELETE_WAIT_MS;
  for (;;) {
    const stack = await describeStack(requests, stackId);
    if (stack === undefined || stack.status === 'DELETE_COMPLETE')
      return { kind: 'deleted', kept: await keptOf(requests, stackId) };
    if (stack.status.endsWith('_FAILED')) {
      return { kind: 'failed', status: stack.status, reason: stack.reason ?? 'see the events of the stack' };
    }
    if (signal.aborted || requests.clock.nowMs() >= giveUpAtMs) return { kind: 'running' };
    await requests.clock.sleep(POLL_MS, signal).catch(() => {});
  }
}

async function keptOf(requests: AwsRequests, stackId: string): Promise<readonly StackResource[]> {
  const pages = paginateListStackResources({ client: requests.client(CloudFormationClient) }, { StackName: stackId });
  const resources: StackResourceSummary[] = [];
  for await (const { StackResourceSummaries = [] } of pages) resources.push(...StackResourceSummaries);
  return resources
    .filter(({ ResourceStatus }) => ResourceStatus === 'DELETE_SKIPPED')
    .map(({ ResourceType = '', PhysicalResourceId = '' }) => ({ type: ResourceType, name: PhysicalResourceId }));
}
