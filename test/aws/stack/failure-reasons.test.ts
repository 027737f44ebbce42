import { describe, expect, it } from 'vitest';
import { readFailureReasons } from '../../../lib/aws/stack/failure-reasons.ts';
import { scriptedAws } from '../scripted-aws.ts';

type StackEvent = { readonly id: string; readonly status: string; readonly reason?: string };

function page(events: readonly StackEvent[], nextToken = ''): { body: string } {
  const members = events.map(
    ({ id, status, reason }) =>
      `<member><StackId>stack-1</StackId><EventId>e</EventId><StackName>refold</StackName><PhysicalResourceId>${id}</PhysicalResourceId>
       <Timestamp>2026-01-01T00:00:00Z</Timestamp><ResourceStatus>${status}</ResourceStatus>
       ${reason === undefined ? '' : `<ResourceStatusReason>${reason}</ResourceStatusReason>`}</member>`,
  );
  const next = nextToken === '' ? '' : `<NextToken>${nextToken}</NextToken>`;
  const result = `<DescribeStackEventsResult><StackEvents>${members.join('')}</StackEvents>${next}</DescribeStackEventsResult>`;
  return { body: `<DescribeStackEventsResponse>${result}</DescribeStackEventsResponse>` };
}

const FAILED = { id: 'map', status: 'CREATE_FAILED', reason: 'MemorySize is too large' };

describe('readFailureReasons', () => {
  it('reads all pages of the last deployment, and none of those before', async () => {
    const pages = [
      page([{ id: 'stack-1', status: 'ROLLBACK_COMPLETE' }, FAILED], 'next'),
      page([
        { id: 'map', status: 'CREATE_IN_PROGRESS' },
        { id: 'stack-1', status: 'CREATE_IN_PROGRESS', reason: 'User Initiated' },
        { id: 'map', status: 'CREATE_FAILED', reason: 'of another time' },
      ]),
    ];
    const { requests, sent } = scriptedAws((_request, index) => pages[index]!);
    expect(await readFailureReasons(requests, 'refold')).toEqual(['MemorySize is too large']);
    expect(sent).toHaveLength(2);
  });

  it('ends, however much there is to read', async () => {
    const { requests, sent } = scriptedAws(() => page([FAILED], 'again'));
    expect(await readFailureReasons(requests, 'refold')).toHaveLength(10);
    expect(sent).toHaveLength(10);
  });
});
