import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../../lib/aws/world/read-environment.ts';

const LEAST = { REFOLD_WORK_BUCKET: 'work', REFOLD_TABLE: 'ledger' };

describe('readEnvironment', () => {
  it('reads what the stack sets', () => {
    const environment = readEnvironment({
      ...LEAST,
      REFOLD_WORK_PREFIX: 'refold/',
      REFOLD_INPUTS: '["s3://in/logs/"]',
      REFOLD_OUTPUTS: '["s3://out/"]',
      REFOLD_TRIGGERS: '[{"job":"count"}]',
      REFOLD_PUBLISHED_CODE: '1',
      REFOLD_RECORD_CALLS: '1',
      REFOLD_STATE_MACHINE_ARN: 'arn:machine',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '2048',
      LAMBDA_TASK_ROOT: '/var/task',
    });
    expect(environment).toEqual({
      settings: { workBucket: 'work', workPrefix: 'refold/', tableName: 'ledger', recordCalls: true },
      memoryBytes: 2 ** 31,
      inputs: ['s3://in/logs/'],
      outputs: ['s3://out/'],
      taskRoot: '/var/task',
      allowsPublishedCode: true,
      stateMachineArn: 'arn:machine',
      triggers: [{ job: 'count' }],
    });
  });

  it('needs only the work area and the ledger', () => {
    expect(readEnvironment(LEAST)).toMatchObject({
      settings: { workBucket: 'work', workPrefix: '', tableName: 'ledger' },
      inputs: [],
      allowsPublishedCode: false,
      stateMachineArn: undefined,
    });
  });

  it.each([
    ['REFOLD_WORK_BUCKET', { REFOLD_TABLE: 'ledger' }],
    ['REFOLD_TABLE', { ...LEAST, REFOLD_TABLE: '' }],
    ['REFOLD_WORK_PREFIX', { ...LEAST, REFOLD_WORK_PREFIX: 'refold' }],
    ['REFOLD_INPUTS', { ...LEAST, REFOLD_INPUTS: 's3://in/' }],
    ['REFOLD_OUTPUTS', { ...LEAST, REFOLD_OUTPUTS: '[1]' }],
    ['REFOLD_TRIGGERS', { ...LEAST, REFOLD_TRIGGERS: '{}' }],
  ])('names the variable that is wrong: %s', (variable, variables) => {
    expect(() => readEnvironment(variables)).toThrow(
      expect.objectContaining({ code: 'REFOLD_ENVIRONMENT', values: expect.objectContaining({ variable }) }),
    );
  });
});
