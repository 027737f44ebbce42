import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Annotations, Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildStateMachine } from '../../lib/coordinator/build-state-machine.ts';
import { type Synthesised, spell, synthInApp, synthStack } from '../support/synth-stack.ts';

type Properties = Readonly<Record<string, unknown>> & {
  readonly Environment: { readonly Variables: Readonly<Record<string, unknown>> };
};
const withProperties = (template: Template, type: string) =>
  Object.values(template.findResources(type)).map(({ Properties }) => Properties as Properties);

describe('the stack', () => {
  let synthesised: Synthesised;
  let template: Template;
  beforeAll(() => {
    synthesised = synthStack();
    template = synthesised.template;
  });

  it('warns of nothing', () => {
    const { stack } = synthesised;
    expect(Annotations.fromStack(stack).findWarning('*', Match.anyValue())).toEqual([]);
  });

  it('has an encrypted, private bucket that speaks TLS only and lets work data expire', () => {
    template.hasResource('AWS::S3::Bucket', {
      // A first deployment that fails takes it away again.
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        LifecycleConfiguration: {
          Rules: [
            { Prefix: 'work/jobs/', ExpirationInDays: 7, ObjectSizeGreaterThan: '1048576', Status: 'Enabled' },
            { Prefix: 'work/jobs/', ExpirationInDays: 90, Status: 'Enabled' },
            { Prefix: 'work/triggers/', ExpirationInDays: 90, Status: 'Enabled' },
            { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 }, Status: 'Enabled' },
          ].map(Match.objectLike),
        },
      },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        ]),
      },
    });
  });

  it('has a ledger that is paid by the request, recovers to any point in time, and drops old items', () => {
    template.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      },
    });
  });

  it('has functions for arm64 and Node 24, from one asset, each with logs of its own that end after a month', () => {
    const functions = withProperties(template, 'AWS::Lambda::Function');
    expect(functions).toHaveLength(15);
    for (const properties of functions) expect(properties).toMatchObject({ Architectures: ['arm64'], Runtime: 'nodejs24.x' });
    expect(new Set(functions.map(({ Code }) => JSON.stringify(Code))).size).toBe(1);
    const logs = withProperties(template, 'AWS::Logs::LogGroup').map(({ LogGroupName, RetentionInDays }) => {
      expect(RetentionInDays).toBe(30);
      return spell(LogGroupName);
    });
    const names = Object.keys(template.findResources('AWS::Lambda::Function')).map((id) => spell({ Ref: id }));
    for (const name of names) expect(logs).toContain(`/aws/lambda/${name}`);
  });

  it.each([
    { id: 'Map', Handler: 'map.handler', MemorySize: 1769, Timeout: 900 },
    { id: 'Map4096', Handler: 'map.handler', MemorySize: 4096, Timeout: 900 },
    { id: 'Reduce10240', Handler: 'reduce.handler', MemorySize: 10240, Timeout: 900 },
    { id: 'Solo', Handler: 'solo.handler', MemorySize: 4096, Timeout: 900 },
    { id: 'PlanReduce', Handler: 'plan-reduce.handler', MemorySize: 1024, Timeout: 900 },
    { id: 'MarkFailed', Handler: 'mark-failed.handler', MemorySize: 1024, Timeout: 900 },
    { id: 'Start', Handler: 'start.handler', MemorySize: 1024, Timeout: 300 },
  ])('has the function $id at $MemorySize MB', ({ id, ...properties }) => {
    const functions = Object.entries(template.findResources('AWS::Lambda::Function', { Properties: properties }));
    expect(functions.map(([name]) => name.replace(/[0-9A-F]{8}$/, ''))).toContain(`RefoldFunctions${id}`);
  });

  it('gives scratch space to user code alone', () => {
    const roomy = template.findResources('AWS::Lambda::Function', { Properties: { EphemeralStorage: { Size: 10240 } } });
    const handlers = new Set(Object.values(roomy).map(({ Properties }) => Properties.Handler));
    expect([...handlers].sort()).toEqual(['map.handler', 'reduce.handler', 'sample.handler', 'solo.handler']);
  });

  it('tells functions where they are, and those that start executions which machine', () => {
    for (const { Environment, Handler } of withProperties(template, 'AWS::Lambda::Function')) {
      const texts = Object.fromEntries(Object.entries(Environment.Variables).map(([name, value]) => [name, spell(value)]));
      expect(texts).toMatchObject({
        POWERTOOLS_SERVICE_NAME: 'refold',
        REFOLD_WORK_BUCKET: '<Work>',
        REFOLD_WORK_PREFIX: 'work/',
        REFOLD_TABLE: '<Ledger>',
      });
      const others = Object.keys(texts)
        .filter((name) => !/^REFOLD_(?:WORK|TABLE)|^POWERTOOLS/.test(name))
        .sort();
      const ofMachine = ['REFOLD_STATE_MACHINE_ARN'];
      const expected: Record<string, string[]> = {
        'start.handler': ['REFOLD_INPUTS', 'REFOLD_OUTPUTS', ...ofMachine, 'REFOLD_TRIGGERS'],
        'mark-failed.handler': ofMachine,
      };
      expect(others).toEqual(expected[String(Handler)] ?? []);
      if (Handler !== 'start.handler') continue;
      expect(texts['REFOLD_INPUTS']).toBe('["s3://logs/raw/","s3://<Work>/input/"]');
      expect(texts['REFOLD_OUTPUTS']).toBe('["s3://results/counts/","s3://<Work>/output/"]');
    }
  });

  it('deploys the machine of buildStateMachine as it stands, as STANDARD, with errors logged and no data', () => {
    const [machine] = withProperties(template, 'AWS::StepFunctions::StateMachine');
    expect(machine).toMatchObject({
      StateMachineType: 'STANDARD',
      LoggingConfiguration: { Level: 'ERROR', IncludeExecutionData: false },
    });
    const arn = (name: string) => `<Functions${name}>`;
    const arns = {
      ...{ plan: arn('Plan'), solo: arn('Solo'), sample: arn('Sample'), map: arn('Map'), planReduce: arn('PlanReduce') },
      ...{ reduce: arn('Reduce'), check: arn('Check'), commit: arn('Commit'), markFailed: arn('MarkFailed') },
    };
    const rungs = { map: [arn('Map4096'), arn('Map10240')], reduce: [arn('Reduce4096'), arn('Reduce10240')] };
    // A call whose answer is lost ends a minute after the longest function would have.
    const options = { maxAttempts: 4, rungs, watch: arn('Watch'), taskTimeoutSeconds: 960 };
    const expected = JSON.stringify(buildStateMachine(arns, options)).replaceAll('arn:aws:', 'arn:<AWS::Partition>:');
    expect(spell(machine!.DefinitionString)).toBe(expected);
  });

  it('hears of executions that ended without success, and keeps what it could not tell', () => {
    const rule = Object.values(template.findResources('AWS::Events::Rule'))[0]!.Properties;
    expect(rule.EventPattern).toMatchObject({
      source: ['aws.states'],
      detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
    });
    expect(spell(rule.EventPattern.detail.stateMachineArn[0])).toContain(':stateMachine:refoldtest-Refold-');
    expect(spell(rule.Targets[0].Arn)).toBe('<FunctionsMarkFailed>');
    expect(spell(rule.Targets[0].DeadLetterConfig.Arn)).toBe('<EndRuleDeadLetters>');
  });

  it('keeps also the ends that the function itself failed over, which it may send there before Lambda asks', () => {
    const [config] = Object.values(template.findResources('AWS::Lambda::EventInvokeConfig'));
    expect(spell(config!.Properties.FunctionName)).toBe('<FunctionsMarkFailed>');
    expect(spell(config!.Properties.DestinationConfig.OnFailure.Destination)).toBe('<EndRuleDeadLetters>');
    expect(config!.DependsOn).toContainEqual(expect.stringMatching(/^RefoldMarkFailedPolicy/));
  });

  it('names the machine in that rule as it is called', () => {
    const [machine] = withProperties(template, 'AWS::StepFunctions::StateMachine');
    const rule = Object.values(template.findResources('AWS::Events::Rule'))[0]!.Properties;
    expect(spell(rule.EventPattern.detail.stateMachineArn[0]).split(':').at(-1)).toBe(machine!.StateMachineName);
  });

  it('encrypts its queues and lets nobody at them without TLS', () => {
    for (const queue of withProperties(template, 'AWS::SQS::Queue')) expect(queue).toMatchObject({ SqsManagedSseEnabled: true });
    expect(withProperties(template, 'AWS::SQS::QueuePolicy')).toHaveLength(withProperties(template, 'AWS::SQS::Queue').length);
  });

  it('has the outputs that the command line reads', () => {
    const outputs = Object.fromEntries(
      Object.entries(template.findOutputs('*')).map(([name, { Value }]) => [name, spell(Value)]),
    );
    expect(outputs).toMatchObject({
      WorkBucket: '<Work>',
      WorkPrefix: 'work/',
      Table: '<Ledger>',
      StateMachineArn: '<MachineJobs>',
    });
    expect(JSON.parse(outputs['Functions']!)).toMatchObject({
      map: '<FunctionsMap>',
      map4096: '<FunctionsMap4096>',
      start: '<FunctionsStart>',
    });
    expect(outputs['Jobs']).toMatch(/^word-count:[0-9a-f]{16}$/);
    expect(JSON.parse(outputs['Settings']!)).toEqual({
      memory: expect.objectContaining({ map: 1769, map10240: 10240, solo: 4096, plan: 1024 }),
      scratchMb: 10_240,
    });
    expect(JSON.parse(outputs['Inputs']!)).toEqual(['s3://logs/raw/', 's3://<Work>/input/']);
  });

  it('has no custom resource, and none that this is not tested with', () => {
    const types = new Set(Object.values(template.toJSON().Resources as Record<string, { Type: string }>).map(({ Type }) => Type));
    expect([...types].sort()).toEqual([
      ...[
        'AWS::CloudWatch::Alarm',
        'AWS::CloudWatch::Dashboard',
        'AWS::DynamoDB::Table',
        'AWS::Events::Rule',
        'AWS::IAM::Policy',
      ],
      ...[
        'AWS::IAM::Role',
        'AWS::Lambda::EventInvokeConfig',
        'AWS::Lambda::Function',
        'AWS::Lambda::Permission',
        'AWS::Logs::LogGroup',
        'AWS::S3::Bucket',
      ],
      ...['AWS::S3::BucketPolicy', 'AWS::SQS::Queue', 'AWS::SQS::QueuePolicy', 'AWS::StepFunctions::StateMachine'],
    ]);
  });

  it('comes out the same twice, its assets too', () => {
    expect(synthStack().template.toJSON()).toEqual(template.toJSON());
  });

  it('watches for failed jobs and for what would be lost in silence', () => {
    const metrics = withProperties(template, 'AWS::CloudWatch::Alarm')
      .map(({ MetricName }) => String(MetricName))
      .toSorted();
    expect(metrics).toEqual(['ApproximateNumberOfMessagesVisible', 'Errors', 'Errors', 'ExecutionsFailed', 'ExecutionsTimedOut']);
  });
});

describe('the construct', () => {
  it('takes sizes, times, and removal as it is told, and leaves out what is not wanted', () => {
    const { template } = synthStack({
      memory: { tasks: [1024], solo: 3008, deciding: 512 },
      timeout: Duration.minutes(5),
      removalPolicy: RemovalPolicy.DESTROY,
      alarms: false,
      dashboard: false,
      recordCalls: true,
    });
    expect(withProperties(template, 'AWS::Lambda::Function')).toHaveLength(11);
    template.hasResourceProperties('AWS::Lambda::Function', { Handler: 'map.handler', MemorySize: 1024, Timeout: 300 });
    template.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Delete' });
    template.hasResource('AWS::DynamoDB::Table', { DeletionPolicy: 'Delete' });
    template.resourceCountIs('AWS::CloudWatch::Alarm', 0);
    template.resourceCountIs('AWS::CloudWatch::Dashboard', 0);
    for (const { Environment } of withProperties(template, 'AWS::Lambda::Function'))
      expect(Environment.Variables).toMatchObject({ REFOLD_RECORD_CALLS: '1' });
  });

  it('gives no function more than the largest size that is allowed, and makes no function twice', () => {
    const { template } = synthStack({ memory: { max: 3008 } });
    const sizes = withProperties(template, 'AWS::Lambda::Function').map(({ Handler, MemorySize }) => `${Handler} ${MemorySize}`);
    expect(sizes.filter((size) => /^(?:map|reduce|solo|sample)\./.test(size)).toSorted()).toEqual([
      ...['map.handler 1769', 'map.handler 3008', 'reduce.handler 1769', 'reduce.handler 3008'],
      ...['sample.handler 1769', 'solo.handler 3008'],
    ]);
    const small = synthStack({ memory: { max: 512 } }).template;
    expect(new Set(withProperties(small, 'AWS::Lambda::Function').map(({ MemorySize }) => MemorySize))).toEqual(new Set([512]));
  });

  it('waits for answers as long as its longest function may take, and a minute', () => {
    const { template } = synthStack({ timeout: Duration.minutes(5) });
    const [machine] = withProperties(template, 'AWS::StepFunctions::StateMachine');
    expect(new Set(spell(machine!.DefinitionString).match(/"TimeoutSeconds":\d+/g))).toEqual(new Set(['"TimeoutSeconds":960']));
  });

  it('encrypts with a key that it is given, and hands user code its environment and secrets', () => {
    const template = synthInApp();
    template.hasResourceProperties('AWS::DynamoDB::Table', { SSESpecification: { SSEEnabled: true, SSEType: 'KMS' } });
    const functions = withProperties(template, 'AWS::Lambda::Function');
    const variablesOf = (handler: string) => functions.find(({ Handler }) => Handler === handler)!.Environment.Variables;
    expect(variablesOf('map.handler')).toMatchObject({ MODE: 'test', TOKEN_ARN: { Ref: expect.stringMatching(/^Token/) } });
    expect(variablesOf('plan.handler')).not.toHaveProperty('MODE');
  });

  it.each([
    { name: 'a variable that is taken', props: { environment: { REFOLD_TABLE: 'x' } }, message: 'REFOLD_TABLE is taken' },
    { name: 'sizes that do not grow', props: { memory: { tasks: [2048, 2048] } }, message: 'sizes that grow' },
    { name: 'a size that Lambda does not have', props: { memory: { max: 20_000 } }, message: 'memory.max is a size from 128' },
    { name: 'no size', props: { memory: { tasks: [] } }, message: 'sizes that grow' },
    {
      name: 'more locations than variables have room for',
      props: { inputs: Array.from({ length: 100 }, (_, index) => `s3://logs/${'x'.repeat(40)}${index}/`) },
      message: /function start takes about \d+ bytes.* 4096\. Most take REFOLD_INPUTS/,
    },
    {
      name: 'the alias of a key',
      props: { kmsKeyArns: ['arn:aws:kms:us-east-1:123456789012:alias/data'] },
      message: 'alias/data is no ARN of a key',
    },
    { name: 'a location that is none', props: { inputs: ['https://x/y'] }, message: 'https://x/y is not a location' },
    { name: 'a pattern for a location', props: { inputs: ['s3://logs/*.txt'] }, message: 'is no pattern' },
    { name: 'the whole work bucket', props: { outputs: ['/'] }, message: 'a folder of it' },
    { name: 'a file that is no job', props: { jobs: { a: 'nowhere.ts' } }, message: 'could not be packed' },
    { name: 'handlers that are not built', props: { handlers: '/nowhere' }, message: 'npm run build' },
  ])('refuses $name', ({ props, message }) => {
    expect(() => synthStack(props)).toThrow(message);
  });
});
