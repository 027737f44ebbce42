import type { Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import { policyLines, synthInApp, synthStack } from '../support/synth-stack.ts';

const ROLES = [
  ...['Plan', 'Solo', 'Map', 'Reduce', 'PlanReduce', 'Check', 'Commit', 'MarkFailed', 'Watch', 'Start'],
  ...['Coordinator', 'Publisher'],
];
let template: Template;
beforeAll(() => {
  const triggers = [{ job: 'word-count', prefix: 'input/', output: 'output/{name}' }];
  template = synthStack({ triggers, publishCode: true }).template;
});
const linesOf = (role: string) => policyLines(template, role);
const rolesWith = (pattern: RegExp) => ROLES.filter((role) => linesOf(role).some((line) => pattern.test(line)));

describe('the roles of a stack', () => {
  it('may do exactly what test/cdk/role-policies.txt says, action by action and resource by resource', async () => {
    const text = ROLES.map((role) => `${role}\n${linesOf(role).join('\n')}\n`).join('\n');
    await expect(text).toMatchFileSnapshot('role-policies.txt');
  });

  it('are all the roles that there are, each with one policy of its own', () => {
    const policies = Object.keys(template.findResources('AWS::IAM::Policy'));
    expect(policies).toHaveLength(ROLES.length);
    for (const { Properties } of Object.values(template.findResources('AWS::IAM::Policy')))
      expect(Properties.Roles).toHaveLength(1);
    const roles = Object.values(template.findResources('AWS::IAM::Role'));
    expect(roles).toHaveLength(ROLES.length);
    for (const { Properties } of roles) {
      expect(Properties.ManagedPolicyArns).toBeUndefined();
      expect(Properties.Policies).toBeUndefined();
    }
  });

  it('name no action by a wildcard, and all resources only where an action knows none', () => {
    const lines = ROLES.flatMap(linesOf);
    expect(lines.filter((line) => /^Allow \S*\*/.test(line))).toEqual([]);
    const anything = lines.filter((line) => / \*(?: if|$)/.test(line)).map((line) => line.split(' ')[1]);
    expect(anything.filter((action) => !action!.startsWith('logs:'))).toEqual(['lambda:GetAccountSettings']);
    expect(rolesWith(/ logs:\S+ \*/)).toEqual(['Coordinator']);
  });

  it.each([
    {
      who: 'plans, maps and the starter of uploads',
      may: 'read inputs',
      pattern: /s3:GetObject \S*(?:<Work>\/input|logs\/raw)/,
      roles: ['Plan', 'Solo', 'Map', 'Start'],
    },
    {
      who: 'tasks and commit',
      may: 'write outputs',
      pattern: /s3:PutObject <Work>\/output/,
      roles: ['Solo', 'Map', 'Reduce', 'Commit'],
    },
    { who: 'commit', may: 'delete at outputs', pattern: /s3:Delete\S+ \S*(?:<Work>\/output|results)/, roles: ['Commit'] },
    {
      who: 'tasks, and commit, which takes back,',
      may: 'abort uploads to outputs',
      pattern: /s3:AbortMultipartUpload \S*(?:<Work>\/output|results)/,
      roles: ['Solo', 'Map', 'Reduce', 'Commit'],
    },
    {
      who: 'what ends are given to',
      may: 'give them up',
      pattern: /sqs:SendMessage <EndRuleDeadLetters>/,
      roles: ['MarkFailed'],
    },
    { who: 'nobody', may: 'write or delete inputs', pattern: /s3:(?:Put|Delete)\S+ \S*(?:<Work>\/input|logs)/, roles: [] },
    { who: 'the publisher', may: 'write code', pattern: /s3:PutObject \S*code/, roles: ['Publisher'] },
    {
      who: 'those that run user code',
      may: 'read code',
      pattern: /s3:GetObject \S*code/,
      roles: ['Solo', 'Map', 'Reduce', 'Publisher'],
    },
    { who: 'starters', may: 'start', pattern: /states:StartExecution/, roles: ['Start', 'Coordinator', 'Publisher'] },
    { who: 'the coordinator', may: 'invoke', pattern: /lambda:InvokeFunction/, roles: ['Coordinator'] },
    { who: 'nobody', may: 'change the rights of anybody', pattern: / (?:iam|sts|kms):/, roles: [] },
  ])('let $who $may, and nobody else', ({ pattern, roles }) => {
    expect(rolesWith(pattern)).toEqual(roles);
  });

  it('let tasks and the coordinator at no function, queue or table but the own', () => {
    const foreign = ROLES.flatMap(linesOf).filter((line) => /(?:lambda:Invoke|sqs:|dynamodb:)\S* (?!<)/.test(line));
    expect(foreign).toEqual([]);
  });

  it('write only to their own logs', () => {
    for (const role of ROLES.filter((name) => !['Coordinator', 'Publisher'].includes(name))) {
      const groups = linesOf(role).filter((line) => line.includes('logs:PutLogEvents'));
      expect(groups.length).toBeGreaterThan(0);
      expect(groups.every((line) => line.includes(`<Functions${role}`) || line.includes('<FunctionsSampleLogs>'))).toBe(true);
    }
  });
});

describe('the roles of a stack with keys, secrets and buckets of the app', () => {
  let plain: Template;
  let lines: (role: string) => readonly string[];
  beforeAll(() => {
    plain = synthInApp();
    lines = (role) => policyLines(plain, role);
  });

  it('may use the keys of what they read and write, and no others', () => {
    const uses = (role: string) => lines(role).filter((line) => line.includes('kms:'));
    expect(uses('Reduce')).toEqual([
      'Allow kms:Decrypt <DataKey>',
      'Allow kms:Decrypt <WorkKey>',
      'Allow kms:GenerateDataKey <DataKey>',
      'Allow kms:GenerateDataKey <WorkKey>',
    ]);
    expect(uses('Check')).toEqual(['Allow kms:Decrypt <WorkKey>', 'Allow kms:GenerateDataKey <WorkKey>']);
    expect(uses('Coordinator')).toEqual(uses('Check'));
  });

  it('may use the key of a work bucket that they are given, also where the construct has none', () => {
    const template = synthInApp({}, (stack) => {
      const encryptionKey = new Key(stack, 'GivenKey');
      const workBucket = new Bucket(stack, 'Given', { encryption: BucketEncryption.KMS, encryptionKey }) as IBucket;
      return { workBucket, key: undefined };
    });
    for (const role of ROLES.filter((name) => name !== 'Publisher'))
      expect(policyLines(template, role)).toContain('Allow kms:Decrypt <GivenKey>');
    expect(policyLines(template, 'Map').filter((line) => line.includes('<WorkKey>'))).toEqual([]);
  });

  it('may use the keys that are named for buckets given as text, as readers and writers do', () => {
    const dataKey = 'arn:aws:kms:us-east-1:123456789012:key/data';
    const { template } = synthStack({ kmsKeyArns: [dataKey] });
    const rolesThat = (line: string) => ROLES.filter((role) => policyLines(template, role).includes(line));
    expect(rolesThat(`Allow kms:Decrypt ${dataKey}`)).toEqual(['Plan', 'Solo', 'Map', 'Reduce', 'Commit', 'Start']);
    expect(rolesThat(`Allow kms:GenerateDataKey ${dataKey}`)).toEqual(['Solo', 'Map', 'Reduce', 'Commit', 'Start']);
    const { template: readOnly } = synthStack({ kmsKeyArns: [dataKey], outputs: [] });
    expect(policyLines(readOnly, 'Reduce').filter((line) => line.includes('kms:'))).toEqual([]);
  });

  it('read secrets only where user code runs', () => {
    const readers = ['Plan', 'Solo', 'Map', 'Reduce', 'Commit', 'Start', 'Coordinator'].filter((role) =>
      lines(role).some((line) => line.includes('secretsmanager:GetSecretValue <Token>')),
    );
    expect(readers).toEqual(['Solo', 'Map', 'Reduce']);
  });

  it('poll no queue where nothing triggers, and read no code where none is published', () => {
    expect(lines('Start').filter((line) => line.includes('sqs:'))).toEqual([]);
    expect(lines('Map').filter((line) => line.includes('code/'))).toEqual([]);
    expect(lines('Publisher')).toEqual([]);
  });
});
