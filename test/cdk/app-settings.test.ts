import { describe, expect, it } from 'vitest';
import { readAppSettings } from '../../cdk/app-settings.ts';

const read = (context: Readonly<Record<string, unknown>>) => readAppSettings((key) => context[key]);

describe('readAppSettings', () => {
  it('has a default for everything but the jobs', () => {
    expect(read({})).toEqual({
      stack: 'refold',
      jobs: {},
      inputs: ['input/'],
      outputs: ['output/'],
      triggers: [],
      memory: {},
      kmsKeyArns: [],
      publishCode: false,
      recordCalls: false,
      removal: 'retain',
    });
  });

  it('reads texts as the command line gives them', () => {
    const trigger = { job: 'a', bucket: 'b', prefix: 'in/', suffix: '', output: 's3://b/out/{name}' };
    const settings = read({
      'refold:stack': 'mine',
      'refold:jobs': '{"a":"/jobs/a.ts"}',
      'refold:inputs': '["s3://b/in/"]',
      'refold:outputs': '["s3://b/out/"]',
      'refold:triggers': JSON.stringify([trigger]),
      'refold:publishCode': 'true',
      'refold:recordCalls': '1',
      'refold:removal': 'destroy',
      'refold:memory': '{"max":3008}',
      'refold:kmsKeys': '["arn:aws:kms:us-east-1:123456789012:key/1"]',
    });
    expect(settings).toMatchObject({
      stack: 'mine',
      jobs: { a: '/jobs/a.ts' },
      triggers: [trigger],
      publishCode: true,
      removal: 'destroy',
      memory: { max: 3008 },
      kmsKeyArns: ['arn:aws:kms:us-east-1:123456789012:key/1'],
    });
  });

  it('reads JSON itself, as cdk.json holds it', () => {
    expect(read({ 'refold:jobs': { a: 'a.ts' }, 'refold:inputs': ['x/'] })).toMatchObject({
      jobs: { a: 'a.ts' },
      inputs: ['x/'],
    });
  });

  it.each([
    ['refold:jobs', '[1]'],
    ['refold:jobs', '{'],
    ['refold:inputs', '"s3://b"'],
    ['refold:triggers', '[{"job":"a"}]'],
    ['refold:memory', '{"max":"3008"}'],
    ['refold:memory', '{"maximum":3008}'],
    ['refold:memory', '[3008]'],
    ['refold:kmsKeys', '"arn"'],
    ['refold:publishCode', 'perhaps'],
    ['refold:removal', 'snapshot'],
    ['refold:stack', ''],
  ])('names the key %s whose value %s is wrong', (key, value) => {
    expect(() => read({ [key]: value })).toThrow(key);
  });
});
