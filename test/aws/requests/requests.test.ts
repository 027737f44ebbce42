import { DynamoDBClient, GetItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import {
  AccessDeniedError,
  AwsResourceMissingError,
  BucketMissingError,
  CredentialsError,
  TransientError,
} from '../../../lib/aws/requests/aws-error.ts';
import type { RecordedCall } from '../../../lib/aws/requests/recorded-call.ts';
import { REQUEST_TRIES_MAX } from '../../../lib/aws/requests/request-retries.ts';
import { toTaskError } from '../../../lib/coordinator/task-error.ts';
import { jsonError, networkError, type ScriptedAnswer, s3Error, scriptedAws } from '../scripted-aws.ts';

const put = (requests: { client(c: typeof S3Client): S3Client }) =>
  requests.client(S3Client).send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: Buffer.from('x') }));

describe('AwsRequests', () => {
  it.each<[string, () => ScriptedAnswer]>([
    ['SlowDown', () => s3Error(503, 'SlowDown')],
    ['an internal error', () => s3Error(500, 'InternalError')],
    ['a gateway that times out', () => ({ status: 504 })],
    ['too many requests', () => ({ status: 429 })],
    ['a conflict of two conditional writers', () => s3Error(409, 'ConditionalRequestConflict')],
    [
      'a connection reset',
      () => {
        throw networkError('ECONNRESET');
      },
    ],
    [
      'a name server that does not answer',
      () => {
        throw networkError('EAI_AGAIN');
      },
    ],
  ])('tries again after %s', async (_, fault) => {
    const { requests, sent, clock } = scriptedAws((_request, index) => (index < 2 ? fault() : {}));
    await put(requests);
    expect(sent).toHaveLength(3);
    expect(requests.counts.read()).toEqual({ 's3:PutObject': 3 });
    expect(clock.nowMs()).toBeGreaterThan(50);
  });

  it('waits longer each time, and gives up with an error that the task layer knows as transient', async () => {
    const { requests, sent, clock } = scriptedAws(() => s3Error(503, 'SlowDown'));
    const error = await put(requests).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(TransientError);
    expect(error.cause).toMatchObject({ name: 'SlowDown' });
    expect(toTaskError(error).name).toBe('TransientError');
    expect(sent).toHaveLength(REQUEST_TRIES_MAX);
    expect(clock.nowMs()).toBe(125 + 250 + 500 + 1000 + 2000 + 4000 + 5000);
  });

  it.each([
    ['AccessDenied', s3Error(403, 'AccessDenied'), AccessDeniedError],
    ['ExpiredToken', s3Error(400, 'ExpiredToken'), CredentialsError],
    ['InvalidAccessKeyId', s3Error(403, 'InvalidAccessKeyId'), CredentialsError],
    ['NoSuchBucket', s3Error(404, 'NoSuchBucket'), BucketMissingError],
  ])('makes %s an error that says what to do, without another try', async (_, answer, kind) => {
    const { requests, sent } = scriptedAws(() => answer);
    const error = await put(requests).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(kind);
    expect(error.hint).not.toBe('');
    expect(error.cause).toBeInstanceOf(Error);
    expect(toTaskError(error).name).toBe('PermanentError');
    expect(sent).toHaveLength(1);
  });

  it('names action and object of what is denied, also where the answer has no body', async () => {
    const { requests } = scriptedAws(() => ({ status: 403 }));
    const head = requests.client(S3Client).send(new HeadObjectCommand({ Bucket: 'b', Key: 'k' }));
    await expect(head).rejects.toThrow(/^s3:HeadObject on s3:\/\/b\/k is not allowed/);
  });

  it('says which table is missing', async () => {
    const { requests } = scriptedAws(() => jsonError(400, 'ResourceNotFoundException'));
    const get = requests.client(DynamoDBClient).send(new GetItemCommand({ TableName: 't', Key: { pk: { S: 'x' } } }));
    await expect(get).rejects.toThrow(AwsResourceMissingError);
    await expect(get).rejects.toThrow(/table\/t does not exist/);
  });

  it('leaves what answers a question as it is', async () => {
    const { requests, sent } = scriptedAws(() => s3Error(412, 'PreconditionFailed'));
    await expect(put(requests)).rejects.toMatchObject({ name: 'PreconditionFailed', $metadata: { attempts: 1 } });
    expect(sent).toHaveLength(1);
  });

  it('repeats a transaction that ran into another, and not one whose condition failed', async () => {
    const reasons = (...codes: string[]) => ({ CancellationReasons: codes.map((Code) => ({ Code })) });
    const script = [reasons('None', 'TransactionConflict'), reasons('ConditionalCheckFailed', 'TransactionConflict')];
    const { requests, sent } = scriptedAws((_, index) => jsonError(400, 'TransactionCanceledException', script[index]));
    const send = requests.client(DynamoDBClient).send(new TransactWriteItemsCommand({ TransactItems: [] }));
    await expect(send).rejects.toMatchObject({ name: 'TransactionCanceledException' });
    expect(sent).toHaveLength(2);
  });

  it('makes one client of a kind', () => {
    const { requests } = scriptedAws(() => ({}));
    expect(requests.client(S3Client)).toBe(requests.client(S3Client));
  });

  it('counts from 0 after a reset', async () => {
    const { requests } = scriptedAws(() => ({}));
    await put(requests);
    expect(requests.counts.reset()).toEqual({ 's3:PutObject': 1 });
    expect(requests.counts.read()).toEqual({});
  });

  it('tells of each call once, as IAM sees it', async () => {
    const calls: RecordedCall[] = [];
    const { requests } = scriptedAws((request, index) => (index === 0 ? s3Error(503, 'SlowDown') : answerOf(request.path)), {
      onCall: (call) => calls.push(call),
    });
    await put(requests);
    await requests.client(S3Client).send(new ListObjectsV2Command({ Bucket: 'b', Prefix: 'jobs/' }));
    await requests
      .client(SFNClient)
      .send(new StartExecutionCommand({ stateMachineArn: 'arn:aws:states:eu-west-1:1:stateMachine:m' }));
    expect(calls).toEqual([
      { action: 's3:PutObject', resources: ['arn:aws:s3:::b/k'] },
      { action: 's3:ListBucket', resources: ['arn:aws:s3:::b'], prefix: 'jobs/' },
      { action: 'states:StartExecution', resources: ['arn:aws:states:eu-west-1:1:stateMachine:m'] },
    ]);
  });
});

function answerOf(path: string): ScriptedAnswer {
  return path === '/' ? { body: '{}' } : { body: '<ListBucketResult></ListBucketResult>' };
}
