import { describe, expect, it } from 'vitest';
import { recordedCallsOf } from '../../../lib/aws/requests/recorded-call.ts';

const call = (service: string, operation: string, input: object) =>
  recordedCallsOf({ service, operation, input: input as Record<string, unknown>, region: 'eu-west-1' }).map(
    ({ action, resources }) => `${action} ${resources.join(' ')}`,
  );

describe('recordedCallsOf', () => {
  it.each([
    ['GetObject', 's3:GetObject'],
    ['HeadObject', 's3:GetObject'],
    ['PutObject', 's3:PutObject'],
    ['CreateMultipartUpload', 's3:PutObject'],
    ['UploadPart', 's3:PutObject'],
    ['CompleteMultipartUpload', 's3:PutObject'],
    ['AbortMultipartUpload', 's3:AbortMultipartUpload'],
    ['ListParts', 's3:ListMultipartUploadParts'],
    ['DeleteObject', 's3:DeleteObject'],
  ])('gives %s as %s on the object', (operation, action) => {
    expect(call('s3', operation, { Bucket: 'b', Key: 'x/k' })).toEqual([`${action} arn:aws:s3:::b/x/k`]);
  });

  it('names every key of a batch of deletions', () => {
    const input = { Bucket: 'b', Delete: { Objects: [{ Key: 'x' }, { Key: 'y' }] } };
    expect(call('s3', 'DeleteObjects', input)).toEqual(['s3:DeleteObject arn:aws:s3:::b/x arn:aws:s3:::b/y']);
  });

  it('takes a transaction apart into the actions that it needs, each once', () => {
    const TableName = 't';
    const TransactItems = [
      { Put: { TableName } },
      { Update: { TableName } },
      { Put: { TableName } },
      { ConditionCheck: { TableName } },
    ];
    expect(call('dynamodb', 'TransactWriteItems', { TransactItems })).toEqual([
      'dynamodb:PutItem arn:aws:dynamodb:eu-west-1:*:table/t',
      'dynamodb:UpdateItem arn:aws:dynamodb:eu-west-1:*:table/t',
      'dynamodb:ConditionCheckItem arn:aws:dynamodb:eu-west-1:*:table/t',
    ]);
  });

  it.each([
    ['dynamodb', 'UpdateItem', { TableName: 't' }, 'dynamodb:UpdateItem arn:aws:dynamodb:eu-west-1:*:table/t'],
    ['dynamodb', 'Query', { TableName: 't', IndexName: 'i' }, 'dynamodb:Query arn:aws:dynamodb:eu-west-1:*:table/t/index/i'],
    ['dynamodb', 'BatchWriteItem', { RequestItems: { t: [] } }, 'dynamodb:BatchWriteItem arn:aws:dynamodb:eu-west-1:*:table/t'],
    ['lambda', 'Invoke', { FunctionName: 'f' }, 'lambda:InvokeFunction arn:aws:lambda:eu-west-1:*:function:f'],
    ['states', 'StopExecution', { executionArn: 'arn:e' }, 'states:StopExecution arn:e'],
    ['logs', 'FilterLogEvents', { logGroupName: '/g' }, 'logs:FilterLogEvents arn:aws:logs:eu-west-1:*:log-group:/g'],
    [
      'cloudformation',
      'DescribeStacks',
      { StackName: 's' },
      'cloudformation:DescribeStacks arn:aws:cloudformation:eu-west-1:*:stack/s/*',
    ],
    ['lambda', 'GetAccountSettings', {}, 'lambda:GetAccountSettings *'],
  ])('names what %s:%s is about', (service, operation, input, expected) => {
    expect(call(service, operation, input)).toEqual([expected]);
  });
});
