import { randomBytes } from 'node:crypto';
import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openClients } from '../harness/aws-clients.ts';
import { removeBucket } from '../harness/empty-bucket.ts';
import { poll } from '../harness/poll.ts';
import { type Ran, UserProject } from '../harness/user-project.ts';

/** Beside the stack that all test files share: here the real program deploys one, from a folder in which there is nothing but the package. */
const clients = openClients();
const stack = `refold-cli-${randomBytes(4).toString('hex')}`;
const project = new UserProject('examples/word-count.ts', 'test/e2e/jobs/slow-count.ts');
const FILES = 12;
let outputs: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  const places = ['--input', 'input/', '--output', 'output/'];
  const ran = await refold('deploy', 'word-count.ts', 'slow-count.ts', ...places, '--yes', '--json');
  outputs = JSON.parse(expectDone(ran)) as typeof outputs;
  expect(ran.stderr).toMatch(/^job {7}word-count$[\s\S]*^reads {5}input\/$[\s\S]*^writes {4}output\/$/m);
  for (let index = 0; index < FILES; index++) {
    const Body = `a rose is a rose, ${index}\n`.repeat(200);
    await clients.s3.send(new PutObjectCommand({ Bucket: outputs.WorkBucket, Key: `input/${index}.txt`, Body }));
  }
});

afterAll(async () => {
  // What destroy keeps on purpose, and what is there when a test has failed before it.
  await refold('destroy', '--yes', '--while-running').catch(() => {});
  if (outputs.WorkBucket) await removeBucket(clients.s3, outputs.WorkBucket);
  if (outputs.Table) await clients.dynamo.send(new DeleteTableCommand({ TableName: outputs.Table })).catch(() => {});
  project.close();
  clients.close();
});

const refold = (...args: readonly string[]): Promise<Ran> => project.refold(...args, '--stack', stack);
const inputUri = (): string => `s3://${outputs.WorkBucket}/input`;
const outputUri = (name: string): string => `s3://${outputs.WorkBucket}/output/${name}`;
const SPLITS = ['--solo-bytes', '0', '--split-bytes', '10kB'];

function expectDone({ exitCode, stdout, stderr }: Ran): string {
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

/** The command that starts a job which takes its time. */
function slow(name: string, ...flags: readonly string[]): readonly string[] {
  const places = ['--input', inputUri(), '--output', outputUri(name)];
  return ['submit', 'slow-count.ts', ...places, '--param', 'mapMs=40', ...SPLITS, ...flags];
}

type Status = { readonly jobId: string; readonly state: string; readonly run: number; readonly costUsd: number };

async function statusOf(jobId: string): Promise<Status> {
  return JSON.parse(expectDone(await refold('status', jobId, '--json'))) as Status;
}

describe('refold on a stack that it has deployed', () => {
  it('prices a job item by item, runs it, and writes the same output as a run here', async () => {
    const command = ['word-count.ts', '--input', inputUri(), '--output', outputUri('counts'), ...SPLITS];
    const plan = JSON.parse(expectDone(await refold('plan', ...command, '--json')));
    expect(plan).toMatchObject({ name: 'word-count', state: null, inputs: [{ objects: FILES }], steps: [{ runs: 'phases' }] });
    expect(plan.price.low.usd).toBeGreaterThan(0);
    expect(plan.price.high.usd).toBeGreaterThanOrEqual(plan.price.low.usd);
    expect(plan.price.high.items.map(({ item }: { item: string }) => item)).toContain('Step Functions');

    const ran = await refold('submit', ...command);
    expectDone(ran);
    const jobId = plan.jobId as string;
    expect(ran.stderr).toMatch(
      new RegExp(`^price {5}about \\$[\\s\\S]*^${jobId} is started, run 1$[\\s\\S]*^done {6}${jobId} in `, 'm'),
    );
    expect(ran.stderr).toMatch(/^cost {6}\$0\.\d+, about/m);

    const here = expectDone(
      await project.refold('run', 'word-count.ts', '--input', inputUri(), ...SPLITS, '--workers', '2', '--quiet'),
    );
    expect(
      expectDone(await refold('cat', jobId))
        .split('\n')
        .toSorted(),
    ).toEqual(here.split('\n').toSorted());
    expect(expectDone(await refold('cat', outputUri('counts')))).toBe(expectDone(await refold('cat', jobId)));
    expect(await statusOf(jobId)).toMatchObject({ jobId, state: 'DONE', run: 1, costUsd: expect.any(Number) });
    expect((await refold('submit', ...command, '--quiet')).exitCode).toBe(0);
    expect(await statusOf(jobId)).toMatchObject({ run: 1 });

    await poll('the log lines of the attempts', async () => {
      const logged = expectDone(await refold('logs', jobId));
      const isThere = [/ map-0 +attempt \S+ done in .* records/, / reduce-0 +attempt \S+ done in /].every((line) =>
        line.test(logged),
      );
      return isThere || undefined;
    });
    expect(expectDone(await refold('logs', jobId, '--errors'))).toBe('');
    expect(
      expectDone(await refold('logs', jobId, '--task', 'reduce-0'))
        .trim()
        .split('\n').length,
    ).toBe(1);
  });

  it('stops watching at Ctrl-C and not the job, cancels it, and resumes it from its finished tasks', async () => {
    const jobId = expectDone(await refold(...slow('slow', '--detach'))).trim();
    const watched = await project.start(['watch', jobId, '--stack', stack], /^map .*tasks/m).ended;
    expect(watched.exitCode, watched.stderr).toBe(130);
    expect(watched.stderr).toContain(`no longer watching; ${jobId} goes on.`);
    expect((await statusOf(jobId)).state).toBe('MAPPING');
    expect(expectDone(await refold('ls'))).toMatch(new RegExp(`^${jobId} +MAPPING \\(running\\) +1 `, 'm'));

    expect((await refold('cancel', jobId)).stderr).toContain(`${jobId} is cancelled`);
    const ended = await refold('watch', jobId);
    expect(ended.exitCode).toBe(3);
    expect(ended.stderr).toContain('error REFOLD_CANCELLED  the job was cancelled, $');

    const resumed = JSON.parse(expectDone(await refold('resume', jobId, '--json', '--quiet')));
    expect(resumed).toMatchObject({ jobId, state: 'DONE', run: 2, counters: { lines: FILES * 200 } });
  });

  it('ends a job over its budget with exit code 4, and goes on with a higher one', async () => {
    const over = await refold(...slow('dear', '--budget-usd', '0.0001'));
    expect(over.exitCode, over.stderr).toBe(4);
    expect(over.stderr).toMatch(/^error REFOLD_BUDGET_EXCEEDED {2}the job failed, \$[\d.]+ spent/m);
    const jobId = /^(slow-count-\w+) is started/m.exec(over.stderr)![1]!;
    expectDone(await refold('resume', jobId, '--budget-usd', '5'));
  });

  it('refuses what the stack was not deployed for, with exit code 2', async () => {
    const submit = (...places: readonly string[]) => refold('submit', 'word-count.ts', ...places);
    const input = await submit('--input', `s3://${outputs.WorkBucket}/elsewhere`, '--output', outputUri('x'));
    expect([input.exitCode, input.stderr]).toEqual([2, expect.stringContaining('REFOLD_LOCATION_NOT_ALLOWED')]);
    const missing = await refold('submit', 'word-count.ts', '--input', inputUri(), '--output', 's3://nobodys-bucket-0/x');
    expect([missing.exitCode, missing.stderr]).toEqual([2, expect.stringContaining('REFOLD_LOCATION_NOT_ALLOWED')]);
    const bucket = `refold-none-${randomBytes(4).toString('hex')}`;
    const deploy = await refold('deploy', 'word-count.ts', '--input', `s3://${bucket}/x`, '--output', 'output/', '--yes');
    expect([deploy.exitCode, deploy.stderr]).toEqual([2, expect.stringContaining(`There is no bucket ${bucket}.`)]);
    const over = await project.refold(
      'deploy',
      'word-count.ts',
      '--input',
      'in/',
      '--output',
      'out/',
      '--stack',
      'CDKToolkit',
      '--yes',
    );
    expect([over.exitCode, over.stderr]).toEqual([2, expect.stringContaining('was not made by refold deploy')]);
    const foreign = await project.refold('destroy', '--stack', 'CDKToolkit', '--yes');
    expect([foreign.exitCode, foreign.stderr]).toEqual([2, expect.stringContaining('was not made by refold deploy')]);
  });

  it('is removed by destroy, which says what it keeps: on AWS the data', async () => {
    const { stdout, exitCode } = await refold('destroy', '--yes', '--json');
    expect(exitCode).toBe(0);
    const { kept } = JSON.parse(stdout) as { kept: readonly { readonly name: string }[] };
    // LocalStack takes RetainExceptOnCreate for Delete, whenever it is asked.
    const isLocalStack = process.env['AWS_ENDPOINT_URL'] !== undefined;
    const names = isLocalStack ? [] : [outputs.WorkBucket, outputs.Table];
    expect(kept.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
    await expect(clients.cloudFormation.send(new DescribeStacksCommand({ StackName: stack }))).rejects.toThrow(/does not exist/);
    const gone = await refold('ls');
    expect([gone.exitCode, gone.stderr]).toEqual([2, expect.stringContaining('REFOLD_STACK_MISSING')]);
  });
});
