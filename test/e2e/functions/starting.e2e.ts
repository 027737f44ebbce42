import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateStateMachineCommand, DeleteStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { AwsJob } from '../../../lib/aws/connect/aws-job.ts';
import { resumeJob, type StackClient, submitJob } from '../../../lib/aws/connect/submit-job.ts';
import { AwsRequests } from '../../../lib/aws/requests/requests.ts';
import type { Deployment } from '../../../lib/aws/stack/stack-outputs.ts';
import { SfnExecutions } from '../../../lib/aws/start/sfn-executions.ts';
import { startTriggered, type TriggerStarter } from '../../../lib/aws/trigger/start-triggered.ts';
import type { TriggerRule } from '../../../lib/aws/trigger/trigger-rule.ts';
import { S3UploadStore } from '../../../lib/aws/trigger/upload-store.ts';
import { openAwsWorld } from '../../../lib/aws/world/aws-world.ts';
import { connect } from '../../../lib/connect.ts';
import { readJobRecord } from '../../../lib/coordinator/job-access.ts';
import { packJobs } from '../../../lib/node/bundle/pack-jobs.ts';
import { listInput } from '../../../lib/split/list-input.ts';
import { buildFunctions } from '../../../scripts/build-functions.ts';
import { shape } from '../../aws/job-record.ts';
import { temporaryFolder } from '../../local/temporary-folder.ts';
import { makeLedgerTable, type TestTable } from '../contract/ledger-table.ts';
import { testBucket } from '../contract/s3-place.ts';
import { FunctionProcesses } from './function-processes.ts';

/** Starting over real adapters; the state machine only waits. */
const { bucket } = testBucket();
const requests = new AwsRequests();
const sfn = requests.client(SFNClient);
const s3 = requests.client(S3Client);
let table: TestTable;
let client: StackClient;
let stateMachineArn = '';

beforeAll(async () => {
  table = await makeLedgerTable();
  const definition = { StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 300, End: true } } };
  const made = await sfn.send(
    new CreateStateMachineCommand({
      name: `refold-starting-${randomBytes(6).toString('hex')}`,
      roleArn: process.env['REFOLD_TEST_ROLE_ARN'] ?? 'arn:aws:iam::000000000000:role/refold-test',
      definition: JSON.stringify(definition),
    }),
  );
  stateMachineArn = made.stateMachineArn!;
  const settings = { workBucket: bucket, workPrefix: 'work/', tableName: table.name };
  const deployment: Deployment = {
    stack: 'none',
    settings,
    stateMachineArn,
    functions: {},
    inputs: [`s3://${bucket}/in/`],
    outputs: [`s3://${bucket}/out/`],
    jobs: [],
    allowsPublishedCode: true,
    facts: { memory: {} },
  };
  client = { deployment, world: openAwsWorld(settings), executions: new SfnExecutions(requests, stateMachineArn) };
});
afterAll(async () => {
  await sfn.send(new DeleteStateMachineCommand({ stateMachineArn }));
  await table.remove();
  requests.close();
});

async function put(key: string, body: string, metadata: Record<string, string> = {}): Promise<void> {
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, Metadata: metadata }));
}

/** The event of an object as it lies there. */
async function eventOf(key: string): Promise<string> {
  const { ETag, ContentLength } = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
  const object = { key, size: ContentLength, etag: ETag?.replaceAll('"', ''), sequencer: '01' };
  return JSON.stringify({ 'detail-type': 'Object Created', detail: { bucket: { name: bucket }, object } });
}

describe('a submission to AWS', () => {
  it('starts once, can be cancelled, and goes on as the next run', async () => {
    const cwd = temporaryFolder();
    const source = `import { count, defineJob, lines } from 'refold';
export default defineJob({ input: lines(), map(line, emit) { emit(line, 1); }, reduce: count() });`;
    writeFileSync(join(cwd, 'count.ts'), source);
    await put('in/one/a.txt', 'a\n');
    const submission = { jobFile: 'count.ts', inputs: { '': `s3://${bucket}/in/one/` }, output: `s3://${bucket}/out/one`, cwd };
    const answers = await Promise.all([1, 2, 3].map(() => submitJob(client, submission)));
    const { jobId } = answers[0]!.record;
    expect(new Set(answers.map(({ record }) => record.jobId)).size).toBe(1);
    expect(await submitJob(client, submission)).toMatchObject({ kind: 'running', run: 1 });

    const job = new AwsJob(client, jobId);
    await job.cancel();
    await expect(job.result()).rejects.toMatchObject({ code: 'REFOLD_CANCELLED' });
    expect(await resumeJob(client, jobId, { workers: 2 })).toMatchObject({ kind: 'started', run: 2 });
    expect(await job.status()).toMatchObject({ state: 'PLANNING', run: 2 });
    await client.executions.stop(`${jobId}-2`, { error: 'Test', cause: 'over' });
    expect(await submitJob(client, submission)).toMatchObject({ kind: 'started', run: 3 });
    await job.cancel();
  });
});

describe('uploads to S3', () => {
  const rule = (): TriggerRule => ({
    name: 'counts',
    job: 'count',
    bucket,
    prefix: 'in/new/',
    suffix: '',
    output: `s3://${bucket}/out/{rule}/{jobId}`,
  });

  const starter = (): TriggerStarter => ({
    world: client.world,
    executions: client.executions,
    uploads: new S3UploadStore(requests),
    rules: [rule()],
    jobs: [{ name: 'count', file: 'count.ts', sha256: 'c0de', shape }],
    inputs: client.deployment.inputs,
    outputs: client.deployment.outputs,
    settings: client.deployment.settings,
  });

  const deliver = async (...events: readonly string[]) =>
    await startTriggered(starter(), { Records: events.map((body, at) => ({ messageId: String(at), body })) });

  it('start one job for a batch, whose input is just these objects in the versions they had', async () => {
    const names = ['in/new/a b.txt', 'in/new/[é].txt'];
    for (const name of names) await put(name, name);
    const events = await Promise.all(names.map(eventOf));
    const before = (await client.world.ledger.listJobs()).length;
    expect(await deliver(...events)).toEqual({ batchItemFailures: [] });
    await Promise.all([deliver(events[1]!), deliver(...events.toReversed())]);
    const jobs = await client.world.ledger.listJobs();
    expect(jobs).toHaveLength(before + 1);
    const { jobId } = jobs[0]!;
    expect(await client.executions.describe(`${jobId}-1`)).toEqual({ kind: 'running' });
    await put('in/new/later.txt', 'later');
    const record = JSON.parse(Buffer.from(await client.world.work.read(`jobs/${jobId}/job.json`)).toString());
    const keys: string[] = [];
    for await (const page of client.world.input.list(record.inputs[0].location)) {
      for (const { key, version, bytes } of page) {
        keys.push(key);
        const content = await client.world.input.readRange(key, version, 0, bytes);
        expect(`s3://${bucket}/${Buffer.from(content).toString()}`).toBe(key);
      }
    }
    expect(keys).toEqual(names.toSorted().map((name) => `s3://${bucket}/${name}`));
    expect(await listInput(client.world.input, '', record.inputs[0].location)).toEqual(record.inputs[0]);
    await new AwsJob(client, jobId).cancel();
  });

  it('start nothing when a job of refold wrote them', async () => {
    await put('in/new/part.txt', 'x', { 'refold-job': 'count-0123' });
    const before = (await client.world.ledger.listJobs()).length;
    expect(await deliver(await eventOf('in/new/part.txt'))).toEqual({ batchItemFailures: [] });
    expect(await client.world.ledger.listJobs()).toHaveLength(before);
  });
});

describe('the built function start', () => {
  it('starts a job of the asset for a message of the queue, once', async () => {
    const folder = temporaryFolder();
    await buildFunctions(folder);
    const [job] = await packJobs(folder, { words: 'examples/word-count.ts' }, resolve(import.meta.dirname, '../../..'));
    const rule: TriggerRule = {
      name: 'built',
      job: 'words',
      bucket,
      prefix: 'in/built/',
      suffix: '.txt',
      output: `s3://${bucket}/out/{name}`,
    };
    const functions = new FunctionProcesses(folder, {
      REFOLD_WORK_BUCKET: bucket,
      REFOLD_WORK_PREFIX: 'work/',
      REFOLD_TABLE: table.name,
      REFOLD_STATE_MACHINE_ARN: stateMachineArn,
      REFOLD_INPUTS: JSON.stringify(client.deployment.inputs),
      REFOLD_OUTPUTS: JSON.stringify(client.deployment.outputs),
      REFOLD_TRIGGERS: JSON.stringify([rule]),
    });
    onTestFinished(() => functions.close());
    await put('in/built/a.txt', 'a b a');
    const body = await eventOf('in/built/a.txt');
    const Records = [
      { messageId: 'good', body },
      { messageId: 'bad', body: '?' },
    ];
    for (const _ of [1, 2]) {
      expect(await functions.invoke('start', { Records })).toEqual({ batchItemFailures: [{ itemIdentifier: 'bad' }] });
    }
    const found = (await client.world.ledger.listJobs()).filter(({ name }) => name === 'word-count');
    expect(found).toMatchObject([{ outputPath: `s3://${bucket}/out/a.txt`, run: 1 }]);
    const record = await readJobRecord(client.world, found[0]!.jobId);
    expect(record.code).toEqual({ sha256: job?.sha256, file: 'examples/word-count.ts' });
    expect(await client.executions.describe(`${record.jobId}-1`)).toEqual({ kind: 'running' });
    await new AwsJob(client, record.jobId).cancel();
  });
});

describe('connect', () => {
  it('says that there is no such stack, and where it looked', async () => {
    await expect(connect({ stack: 'refold-no-such-stack' }).jobs()).rejects.toMatchObject({
      code: 'REFOLD_STACK_MISSING',
      message: expect.stringContaining('refold-no-such-stack'),
    });
  });
});
