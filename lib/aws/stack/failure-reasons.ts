import { CloudFormationClient, paginateDescribeStackEvents } from '@aws-sdk/client-cloudformation';
import type { AwsRequests } from '../requests/requests.ts';

/** Of 100 events each: a stack of refold has about 80 resources, and three events for each. */
const PAGES_MAX = 10;

/** What CloudFormation says about the resources that failed when the stack was last made or changed, the first of them last. */
export async function readFailureReasons(requests: AwsRequests, stack: string): Promise<readonly string[]> {
  const reasons: string[] = [];
  let pages = 0;
  for await (const { StackEvents = [] } of paginateDescribeStackEvents(
    { client: requests.client(CloudFormationClient) },
    { StackName: stack },
  )) {
    for (const { PhysicalResourceId, StackId, ResourceStatus = '', ResourceStatusReason } of StackEvents) {
      // Events come newest first: here the last deployment began.
      if (PhysicalResourceId === StackId && /^(?:CREATE|UPDATE)_IN_PROGRESS$/.test(ResourceStatus)) return reasons;
      if (ResourceStatus.endsWith('_FAILED') && ResourceStatusReason !== undefined) reasons.push(ResourceStatusReason);
    }
    pages++;
    if (pages === PAGES_MAX) break;
  }
  return reasons;
}
