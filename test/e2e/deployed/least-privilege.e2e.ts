import { join } from 'node:path';
import { CopyObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { permissionsOf } from '../../../cdk/permissions.ts';
import { type FunctionRole, functionRoles, type PermissionFacts } from '../../../cdk/statement.ts';
import { evaluatePolicy, type PolicyStatementJson } from '../../support/evaluate-policy.ts';
import { Deployed } from '../harness/deployed.ts';
import { loseSegments } from '../harness/lose-segments.ts';
import { loseUpload } from '../harness/lose-upload.ts';
import { poll } from '../harness/poll.ts';
import { readRecordedCalls } from '../harness/recorded-calls.ts';
import { type DeployedRole, readDeployedRoles } from '../harness/role-policies.ts';
import { SlowJob } from '../harness/slow-job.ts';

const deployed = new Deployed();
const account = deployed.facts.outputs['StateMachineArn']!.split(':')[4]!;
const region = deployed.facts.outputs['StateMachineArn']!.split(':')[3]!;
let roles: readonly DeployedRole[] = [];

/**
 * IAM is not enforced everywhere that this suite runs, so rights are proven from both sides: jobs of every kind run, each function logs what
 * it calls, and the calls are held against the policies that were deployed.
 */
beforeAll(async () => {
  await Promise.all([
    ...[runWhole(), runPhases(), runSample(), runChain(), runMapOnly()],
    ...[runFailing(), runLost(), runTakenBack(), upload()],
  ]);
  roles = await readDeployedRoles(deployed.clients, deployed.facts.stack, { account, region });
});
afterAll(() => deployed.close());

describe('the role of each function', () => {
  it.each(functionRoles)('%s allows every call that the function makes, and nothing that it does not', async (name) => {
    const role = roleOf(name);
    const calls = (
      await Promise.all(role.functionNames.map((each) => readRecordedCalls(deployed.clients, each, account)))
    ).flat();
    expect(calls.length).toBeGreaterThan(0);
    const verdicts = calls.map((call) => ({ call, ...evaluatePolicy(role.statements, call) }));
    expect(verdicts.filter(({ allowed }) => !allowed).map(({ call }) => call)).toEqual([]);
    const used = new Set(verdicts.flatMap((verdict) => verdict.used));
    const unused = role.statements.filter((statement) => !used.has(statement)).map(({ Sid }) => Sid);
    expect(unused.filter((sid) => !isUnrecorded(name, sid))).toEqual([]);
  });

  it('is refused what is a little beside', () => {
    const { statements } = roleOf('map');
    const beside = (action: string, ...resources: string[]) => evaluatePolicy(statements, { action, resources }).allowed;
    const { inputBucket, outputBucket } = deployed.facts;
    expect(beside('s3:GetObject', `arn:aws:s3:::${inputBucket}/jobs/a`)).toBe(true);
    expect(beside('s3:GetObject', `arn:aws:s3:::${inputBucket}/elsewhere/a`)).toBe(false);
    expect(beside('s3:DeleteObject', `arn:aws:s3:::${outputBucket}/jobs/a`)).toBe(false);
    expect(beside('s3:PutObject', `arn:aws:s3:::${inputBucket}/jobs/a`)).toBe(false);
  });
});

function roleOf(name: FunctionRole): DeployedRole {
  const role = roles.find(({ roleId }) => roleId.toLowerCase().startsWith(`refoldfunctions${name.toLowerCase()}role`));
  if (role === undefined) throw new Error(`The stack has no role for ${name}.`);
  return role;
}

/** By the statement itself: see `unrecorded` in cdk/statement.ts. A statement for each further bucket ends in its number. */
function isUnrecorded(role: FunctionRole, sid: PolicyStatementJson['Sid']): boolean {
  const statement = permissionsOf(FACTS)[role].find((each) => each.sid === sid?.replace(/\d+$/, ''));
  return statement?.unrecorded !== undefined;
}

const place = { bucketName: 'b', bucketArn: 'b', prefix: '' };
const FACTS: PermissionFacts = {
  ...{ work: place, inputs: [place], outputs: [place], tableArn: 't', machineArn: 'm', executionArn: 'e', invokedArns: [] },
  ...{ logArns: {}, queueArn: 'q', deadLettersArn: 'd', stackArn: 's', secretArns: [], publishedCode: false, tracing: false },
};

const example = (name: string) => join(import.meta.dirname, '../../../examples', `${name}.ts`);
const texts = { 'a.txt': 'a rose is a rose\n', 'b.txt': 'is a rose\n' };
const output = (name: string) => deployed.outputUri(deployed.name(name));

async function finish(...given: Parameters<Deployed['submit']>): Promise<void> {
  await (await deployed.submit(...given)).result();
}

/** Twice into one place, so that there is something to replace. */
async function runWhole(): Promise<void> {
  const place = output('rights-whole');
  await finish({ jobFile: example('word-count'), input: texts, output: place, options: {} });
  await finish({ jobFile: example('word-count'), input: { 'c.txt': 'c\n' }, output: place, options: {}, overwrite: true });
}

async function runPhases(): Promise<void> {
  const options = { soloBytes: 0, splitBytes: 10, reduceTasks: 2 };
  await finish({ jobFile: example('word-count'), input: texts, output: output('rights-phases'), options });
}

async function runSample(): Promise<void> {
  const rows = Array.from({ length: 200 }, (_, row) => `K${(row * 79) % 200},name,city,ST,USA,1,2`);
  const table = ['iata,name,city,state,country,latitude,longitude', ...rows, ''].join('\n');
  const options = { soloBytes: 0, splitBytes: 10_000, reduceTasks: 2 };
  await finish({ jobFile: example('total-sort'), input: { 'a.csv': table }, output: output('rights-sample'), options });
}

async function runChain(): Promise<void> {
  const line = (year: number) => JSON.stringify({ year, name: 'n', party: 'p', text: 'democracy government constitution' });
  const options = { soloBytes: 0, splitBytes: 120, reduceTasks: 2 };
  const input = { 'a.json': `${line(1801)}\n${line(1811)}\n${line(1821)}\n` };
  await finish({ jobFile: example('two-steps'), input, output: output('rights-chain'), options });
  await finish({ jobFile: example('two-steps'), input, output: output('rights-chain'), options: {} });
}

/** With a budget, which is watched. */
async function runMapOnly(): Promise<void> {
  const options = { soloBytes: 0, splitBytes: 10, budgetUsd: 10 };
  await finish({ jobFile: example('grep'), input: texts, output: output('rights-grep'), options, params: { pattern: 'rose' } });
}

async function runFailing(): Promise<void> {
  const jobFile = join(import.meta.dirname, '../jobs/ragged.ts');
  const options = { soloBytes: 0, splitBytes: 4, reduceTasks: 2 };
  const job = await deployed.submit({ jobFile, input: { 'b.txt': 'z\npoison\n' }, output: output('rights-failing'), options });
  await expect(job.result()).rejects.toThrow('poison');
}

async function runLost(): Promise<void> {
  const slow = new SlowJob(deployed, 'rights-lost', { mapMs: 10, reduceMs: 150 });
  const job = await deployed.submit(slow.withOptions({ workers: 1 }));
  await loseSegments(deployed, job.id, 2);
  const { receipt } = await job.result();
  expect(receipt.steps[0]!.map.attempts.invalidated).toBe(2);
}

/** Commit finds a staged part gone, and takes back what is left. */
async function runTakenBack(): Promise<void> {
  const slow = new SlowJob(deployed, 'rights-back', { mapMs: 10, reduceMs: 150 });
  const job = await deployed.submit(slow.withOptions({ workers: 1 }));
  await loseUpload(deployed, job.id, slow.output);
  const { receipt } = await job.result();
  expect(receipt.steps[0]!.reduce!.attempts.invalidated).toBeGreaterThan(0);
}

/** Twice the same key: the second version replaces the output of the first. Between them a copy of what a job wrote, which starts nothing. */
async function upload(): Promise<void> {
  const name = deployed.name('rights-upload');
  for (const [text, counts] of [
    ['a\n', 'a\t1\n'],
    ['b b\n', 'b\t2\n'],
  ] as const) {
    await deployed.uploadTo(deployed.facts.inputBucket, 'incoming/', { [name]: text });
    await poll(`the counts of ${text}`, async () => {
      const uri = `s3://${deployed.facts.outputBucket}/counts/${name}`;
      if (!(await deployed.list(uri)).includes('_SUCCESS')) return undefined;
      const parts = await deployed.parts(uri);
      return parts.map(({ bytes }) => bytes.toString()).join('') === counts ? true : undefined;
    });
    const { inputBucket: Bucket, outputBucket } = deployed.facts;
    const CopySource = `${outputBucket}/counts/${name}/part-00000.tsv`;
    await deployed.clients.s3.send(new CopyObjectCommand({ Bucket, Key: `incoming/${name}-copy`, CopySource }));
  }
}
