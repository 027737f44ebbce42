import { describe, expect, it } from 'vitest';
import type { AwsRequests } from '../../../lib/aws/requests/requests.ts';
import { deploymentOf, readDeployment } from '../../../lib/aws/stack/stack-outputs.ts';

const outputs = {
  WorkBucket: 'work',
  WorkPrefix: 'work/',
  Table: 'ledger',
  StateMachineArn: 'arn:aws:states:eu-west-1:1:stateMachine:jobs',
  Functions: '{"map":"refold-map"}',
  Inputs: '["s3://logs/raw"]',
  Outputs: '["s3://results"]',
  Jobs: 'count:0123456789abcdef,top.n:fedcba9876543210',
  Settings: '{"memory":{"map":2048},"scratchMb":4096}',
};

const without = (name: string) => Object.fromEntries(Object.entries(outputs).filter(([key]) => key !== name));

describe('deploymentOf', () => {
  it('reads the outputs of a stack', () => {
    expect(deploymentOf('refold', { status: 'CREATE_COMPLETE', outputs })).toEqual({
      stack: 'refold',
      settings: { workBucket: 'work', workPrefix: 'work/', tableName: 'ledger' },
      stateMachineArn: 'arn:aws:states:eu-west-1:1:stateMachine:jobs',
      functions: { map: 'refold-map' },
      inputs: ['s3://logs/raw'],
      outputs: ['s3://results'],
      jobs: [
        { name: 'count', hashStart: '0123456789abcdef' },
        { name: 'top.n', hashStart: 'fedcba9876543210' },
      ],
      allowsPublishedCode: false,
      facts: { memory: { map: 2048 }, scratchMb: 4096 },
    });
  });

  it('knows a stack without jobs, and one that takes published code', () => {
    const found = deploymentOf('refold', { status: '', outputs: { ...without('Jobs'), PublisherRole: 'arn:aws:iam::1:role/p' } });
    expect(found).toMatchObject({ jobs: [], allowsPublishedCode: true });
  });

  it.each(['WorkBucket', 'Table', 'StateMachineArn', 'Inputs', 'Settings'])('says that %s is missing', (name) => {
    const read = () => deploymentOf('other', { status: 'ROLLBACK_COMPLETE', outputs: without(name) });
    expect(read).toThrow(`The stack other (ROLLBACK_COMPLETE) cannot be used: it has no output ${name}.`);
  });

  it('says which output is no JSON', () => {
    const read = () => deploymentOf('other', { status: '', outputs: { ...outputs, Inputs: 's3://' } });
    expect(read).toThrow('its output Inputs is no JSON');
  });
});

describe('readDeployment', () => {
  it('names the stack and the region where there is none, and says how to make it', async () => {
    const missing = Object.assign(new Error('Stack with id nope does not exist'), { name: 'ValidationError' });
    const requests = { client: () => ({ send: () => Promise.reject(missing) }) } as unknown as AwsRequests;
    await expect(readDeployment(requests, 'nope', 'eu-west-1')).rejects.toMatchObject({
      code: 'REFOLD_STACK_MISSING',
      message: 'There is no stack nope in eu-west-1 of this account.',
      hint: expect.stringContaining('refold deploy'),
    });
  });
});
