import { beforeAll, describe, expect, it } from 'vitest';
import type { Trigger } from '../../cdk/trigger-rules.ts';
import { uploadPattern } from '../../cdk/triggers.ts';
import { exampleProps, type Synthesised, spell, synthStack } from '../support/synth-stack.ts';

const own: Trigger = { job: 'word-count', prefix: 'input/new/', suffix: '.txt', output: 'output/{name}' };
const foreign: Trigger = {
  job: 'word-count',
  bucket: 'logs',
  prefix: 'raw/',
  output: 's3://results/counts/{name}',
  name: 'nightly',
};

describe('a stack with triggers', () => {
  let synthesised: Synthesised;
  beforeAll(() => {
    synthesised = synthStack({ triggers: [own, foreign] });
  });

  it('lets its own bucket tell EventBridge by its own property', () => {
    synthesised.template.hasResourceProperties('AWS::S3::Bucket', {
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    });
  });

  it('queues the uploads of each trigger, with what cannot be delivered beside', () => {
    const rules = Object.values(synthesised.template.findResources('AWS::Events::Rule')).map(({ Properties }) => Properties);
    const uploads = rules.filter(({ EventPattern }) => EventPattern.source[0] === 'aws.s3');
    expect(
      uploads.map(({ EventPattern }) => [spell(EventPattern.detail.bucket.name[0]), EventPattern.detail.object.key]),
    ).toEqual([
      ['<Work>', [{ wildcard: 'input/new/*.txt' }]],
      ['logs', [{ prefix: 'raw/' }]],
    ]);
    for (const { Targets } of uploads) {
      expect(spell(Targets[0].Arn)).toBe('<TriggersUploads>');
      expect(spell(Targets[0].DeadLetterConfig.Arn)).toBe('<TriggersDeadLetters>');
    }
    synthesised.template.hasResourceProperties('AWS::SQS::Queue', {
      // At half an hour each they end before the queue forgets the event.
      RedrivePolicy: { maxReceiveCount: 100 },
      VisibilityTimeout: 1810,
      MessageRetentionPeriod: 345_600,
    });
  });

  it('starts jobs of batches, and takes only the events again that failed', () => {
    synthesised.template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 200,
      ScalingConfig: { MaximumConcurrency: 5 },
      MaximumBatchingWindowInSeconds: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
  });

  it('tells the function start what the triggers are', () => {
    const start = Object.values(
      synthesised.template.findResources('AWS::Lambda::Function', { Properties: { Handler: 'start.handler' } }),
    );
    expect(JSON.parse(spell(start[0]!.Properties.Environment.Variables.REFOLD_TRIGGERS))).toEqual([
      {
        name: 'word-count-1',
        job: 'word-count',
        bucket: '<Work>',
        prefix: 'input/new/',
        suffix: '.txt',
        output: 's3://<Work>/output/{name}',
      },
      { name: 'nightly', job: 'word-count', bucket: 'logs', prefix: 'raw/', suffix: '', output: 's3://results/counts/{name}' },
    ]);
  });
});

describe('a trigger', () => {
  it.each([
    { name: 'a job that is not deployed', trigger: { ...own, job: 'other' }, message: 'which is none of: word-count' },
    { name: 'uploads outside of the inputs', trigger: { ...own, prefix: 'elsewhere/' }, message: 'not within the inputs' },
    { name: 'uploads of another bucket', trigger: { ...own, bucket: 'other' }, message: 'not within the inputs' },
    {
      name: 'an output outside of the outputs',
      trigger: { ...own, output: 's3://results/else/{name}' },
      message: 'not within the outputs',
    },
    { name: 'a name that is none', trigger: { ...own, name: 'a b' }, message: 'has no name' },
    {
      name: 'a job of two inputs',
      trigger: { ...own, job: 'join' },
      message: 'takes 2 inputs (airports, flights): an upload is one',
    },
  ])('is refused for $name', ({ trigger, message }) => {
    const jobs = {
      ...exampleProps.jobs,
      ...(trigger.job === 'join' && { join: exampleProps.jobs['word-count'].replace('word-count', 'join') }),
    };
    expect(() => synthStack({ jobs, triggers: [trigger] })).toThrow(message);
  });

  it('is refused where its output would start it again', () => {
    const loop = { inputs: ['data/'], outputs: ['data/'], triggers: [{ ...own, prefix: 'data/', output: 'data/counts/{name}' }] };
    expect(() => synthStack(loop)).toThrow('would start itself');
    const around = { ...loop, triggers: [{ ...own, prefix: 'data/counts/new/', output: 'data/counts/{name}' }] };
    expect(() => synthStack(around)).toThrow('would start itself');
  });

  it('takes the asterisks and backslashes of keys as they are', () => {
    const rule = { name: 'a', job: 'a', bucket: 'b', output: '', prefix: 'a*b/', suffix: '\\c' };
    expect(uploadPattern(rule).detail?.object).toEqual({ key: [{ wildcard: 'a\\*b/*\\\\c' }] });
  });
});
