import { describe, expect, it } from 'vitest';
import { findBucketRegion, findEventSending, findUploadExpiry } from '../../../lib/aws/stack/bucket-check.ts';
import { deleteStack } from '../../../lib/aws/stack/delete-stack.ts';
import { followLogEvents, type LogEvent, readLogEvents } from '../../../lib/aws/stack/log-events.ts';
import { findOwnStack } from '../../../lib/aws/stack/own-stack.ts';
import { openStackRemoval } from '../../../lib/aws/stack/stack-removal.ts';
import { jsonError, type ScriptedAnswer, type SentRequest, s3Error, scriptedAws } from '../scripted-aws.ts';

type Event = { readonly eventId: string; readonly timestamp: number; readonly message: string };

const event = (timestamp: number, eventId = `e${timestamp}`): Event => ({ eventId, timestamp, message: `job-1 at ${timestamp}` });
const page = (events: readonly Event[], nextToken?: string): ScriptedAnswer => ({
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: JSON.stringify({ events, nextToken }),
});
const textOf = ({ body }: SentRequest) => (typeof body === 'string' ? body : Buffer.from(body as Uint8Array).toString('utf8'));
const bodyOf = (request: SentRequest) => JSON.parse(textOf(request)) as Readonly<Record<string, string | number | undefined>>;

async function timesOf(events: AsyncIterable<LogEvent>): Promise<readonly number[]> {
  const times: number[] = [];
  for await (const { atMs } of events) times.push(atMs);
  return times;
}

const unstopped = new AbortController().signal;

describe('readLogEvents', () => {
  it('reads all pages of all groups, by time, also over empty pages and groups that are not there', async () => {
    const answers: Readonly<Record<string, ScriptedAnswer>> = {
      'a:': page([event(1), event(4)], 't1'),
      'a:t1': page([], 't2'),
      'a:t2': page([event(6)]),
      'b:': page([event(2), event(3), event(5)]),
      'none:': jsonError(400, 'ResourceNotFoundException'),
    };
    const { requests, sent } = scriptedAws((request) => {
      const { logGroupName, nextToken = '' } = bodyOf(request);
      return answers[`${logGroupName}:${nextToken}`]!;
    });
    const search = { logGroups: ['a', 'b', 'none'], text: 'job-1', sinceMs: 0 };
    expect(await timesOf(readLogEvents(requests, search, unstopped))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(sent).toHaveLength(5);
    expect(bodyOf(sent[0]!)).toMatchObject({ filterPattern: '"job-1"', startTime: 0 });
  });

  it('leaves out lines that only the service takes for the job', async () => {
    const { requests } = scriptedAws(() => page([event(1), { eventId: 'x', timestamp: 2, message: 'job-2' }]));
    expect(await timesOf(readLogEvents(requests, { logGroups: ['a'], text: 'job-1', sinceMs: 0 }, unstopped))).toEqual([1]);
  });

  it('follows with each line once, also one that comes late, until it is told to stop', async () => {
    const rounds = [page([event(1_000), event(50_000)]), page([event(50_000), event(30_000, 'late')]), page([event(60_000)])];
    const { requests, sent } = scriptedAws((_request, index) => rounds[index] ?? page([]));
    const stopping = new AbortController();
    const seen: number[] = [];
    for await (const { atMs } of followLogEvents(requests, { logGroups: ['a'], text: 'job-1', sinceMs: 0 }, stopping.signal)) {
      seen.push(atMs);
      if (atMs === 60_000) stopping.abort();
    }
    expect(seen).toEqual([1_000, 50_000, 30_000, 60_000]);
    expect(sent.map((request) => bodyOf(request).startTime)).toEqual([0, 20_000, 20_000]);
  });
});

describe('findBucketRegion', () => {
  it('says where a bucket is', async () => {
    const { requests } = scriptedAws(() => ({ headers: { 'x-amz-bucket-region': 'eu-central-1' } }));
    expect(await findBucketRegion(requests, 'some-bucket')).toBe('eu-central-1');
  });

  it('takes a bucket that may not be looked at for one that is there', async () => {
    const { requests } = scriptedAws(() => ({ status: 403 }));
    expect(await findBucketRegion(requests, 'some-bucket')).toBeUndefined();
  });

  it('says that there is no such bucket', async () => {
    const { requests } = scriptedAws(() => ({ status: 404 }));
    await expect(findBucketRegion(requests, 'some-bucket')).rejects.toMatchObject({ code: 'REFOLD_BUCKET_MISSING' });
  });
});

describe('findUploadExpiry', () => {
  const rule = (prefix: string, action: string, status = 'Enabled') =>
    `<Rule><Filter><Prefix>${prefix}</Prefix></Filter><Status>${status}</Status>${action}</Rule>`;
  const rules = (...each: readonly string[]) => ({ body: `<LifecycleConfiguration>${each.join('')}</LifecycleConfiguration>` });
  const abort = '<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>';
  const expire = '<Expiration><Days>7</Days></Expiration>';

  it.each([
    ['a rule for all of the bucket', rules(rule('', abort)), 'set'],
    ['a rule for a folder above', rules(rule('counts/', abort)), 'set'],
    ['a rule for another folder', rules(rule('other/', abort)), 'other-settings'],
    ['a rule that is off', rules(rule('', abort, 'Disabled')), 'other-settings'],
    ['a rule for finished objects', rules(rule('', expire)), 'other-settings'],
    ['no rules', s3Error(404, 'NoSuchLifecycleConfiguration'), 'none'],
    ['rules that may not be read', s3Error(403, 'AccessDenied'), 'unknown'],
  ] as const)('tells %s', async (_name, answer, state) => {
    const { requests } = scriptedAws(() => answer);
    expect(await findUploadExpiry(requests, 'results-bucket', 'counts/2026/')).toBe(state);
  });
});

describe('openStackRemoval', () => {
  it('says of a stack that is not there that there is nothing to remove', async () => {
    const { requests } = scriptedAws(() => missing);
    await expect(openStackRemoval('gone', requests)).rejects.toMatchObject({
      code: 'REFOLD_STACK_MISSING',
      message: 'There is no stack gone in eu-west-1 of this account.',
      hint: expect.not.stringContaining('deploy'),
    });
  });
});

describe('findEventSending', () => {
  const configuration = (body: string) => ({ body: `<NotificationConfiguration>${body}</NotificationConfiguration>` });

  it.each([
    ['a bucket that does', configuration('<EventBridgeConfiguration/>'), 'set'],
    ['a bucket that tells nobody', configuration(''), 'none'],
    [
      'a bucket that tells a queue',
      configuration('<QueueConfiguration><Queue>arn:q</Queue><Event>s3:ObjectCreated:*</Event></QueueConfiguration>'),
      'other-settings',
    ],
    ['a bucket that may not be asked', s3Error(403, 'AccessDenied'), 'unknown'],
  ] as const)('tells %s', async (_name, answer, state) => {
    const { requests } = scriptedAws(() => answer);
    expect(await findEventSending(requests, 'logs-bucket')).toBe(state);
  });
});

const xml = (action: string, body: string): ScriptedAnswer => ({
  headers: { 'content-type': 'text/xml' },
  body: `<${action}Response><${action}Result>${body}</${action}Result></${action}Response>`,
});
const stackXml = (status: string, description = 'refold: serverless MapReduce'): ScriptedAnswer =>
  xml(
    'DescribeStacks',
    `<Stacks><member><StackName>s</StackName><StackId>arn:s</StackId><StackStatus>${status}</StackStatus><Description>${description}</Description></member></Stacks>`,
  );
const missing: ScriptedAnswer = {
  status: 400,
  body: '<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack with id s does not exist</Message></Error></ErrorResponse>',
};

describe('findOwnStack', () => {
  it('knows stacks of refold, none, and those of others, which it refuses', async () => {
    const found = async (answer: ScriptedAnswer) => await findOwnStack(scriptedAws(() => answer).requests, 's');
    expect(await found(stackXml('ROLLBACK_COMPLETE'))).toMatchObject({ stackId: 'arn:s', status: 'ROLLBACK_COMPLETE' });
    expect(await found(missing)).toBeUndefined();
    expect(await found(stackXml('REVIEW_IN_PROGRESS', ''))).toBeUndefined();
    await expect(found(stackXml('CREATE_COMPLETE', 'our shop'))).rejects.toThrow('was not made by refold deploy');
    await expect(found(stackXml('CREATE_COMPLETE', ''))).rejects.toThrow('was not made by refold deploy');
  });
});

describe('deleteStack', () => {
  const kept = xml(
    'ListStackResources',
    ['DELETE_SKIPPED', 'DELETE_COMPLETE']
      .map(
        (status, at) =>
          `<member><ResourceType>AWS::S3::Bucket</ResourceType><PhysicalResourceId>b${at}</PhysicalResourceId><ResourceStatus>${status}</ResourceStatus></member>`,
      )
      .reduce((all, member) => all + member, '<StackResourceSummaries>')
      .concat('</StackResourceSummaries>'),
  );
  const actionOf = (request: SentRequest) => new URLSearchParams(textOf(request)).get('Action');
  const deleting = (...statuses: readonly ScriptedAnswer[]) => {
    const left = [...statuses];
    return scriptedAws((request) => {
      if (actionOf(request) === 'DescribeStacks') return left.length > 1 ? left.shift()! : left[0]!;
      return actionOf(request) === 'ListStackResources' ? kept : xml('DeleteStack', '');
    });
  };

  it('waits until the stack is gone, and answers what it has left', async () => {
    const { requests, clock } = deleting(
      stackXml('DELETE_IN_PROGRESS'),
      stackXml('DELETE_IN_PROGRESS'),
      stackXml('DELETE_COMPLETE'),
    );
    expect(await deleteStack(requests, 'arn:s', new AbortController().signal)).toEqual({
      kind: 'deleted',
      kept: [{ type: 'AWS::S3::Bucket', name: 'b0' }],
    });
    expect(clock.nowMs()).toBe(4_000);
  });

  it('answers why it failed, and that it goes on when nobody waits any more or it takes too long', async () => {
    const failed = deleting(stackXml('DELETE_FAILED'));
    expect(await deleteStack(failed.requests, 'arn:s', new AbortController().signal)).toMatchObject({
      kind: 'failed',
      status: 'DELETE_FAILED',
    });
    const endless = deleting(stackXml('DELETE_IN_PROGRESS'));
    expect(await deleteStack(endless.requests, 'arn:s', AbortSignal.abort())).toEqual({ kind: 'running' });
    expect(await deleteStack(endless.requests, 'arn:s', new AbortController().signal)).toEqual({ kind: 'running' });
  });
});
