import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import {
  DeleteStackCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  waitUntilStackDeleteComplete,
} from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, PutBucketNotificationConfigurationCommand } from '@aws-sdk/client-s3';
import type { TestProject } from 'vitest/node';
import { type AwsClients, openClients } from './aws-clients.ts';
import type { DeployedFacts } from './deployed.ts';
import { removeBucket } from './empty-bucket.ts';
import { runCdk, runProcess } from './run-cdk.ts';

const root = resolve(import.meta.dirname, '../../..');
const EXAMPLES = ['word-count', 'join', 'total-sort', 'median-per-key', 'secondary-sort', 'two-steps', 'grep'];
const REMOVAL_SECONDS_MAX = 240;

type Buckets = { readonly inputBucket: string; readonly outputBucket: string };

/**
 * Vitest's global setup: builds the package and deploys one stack for all test files, by the app that `refold deploy` deploys, but so
 * that it records its calls and goes without a trace. What it made is removed at the end; unless REFOLD_E2E_KEEP names a file: then the
 * stack stays, and is found there by the next run.
 */
export default async function deployOnce(project: TestProject): Promise<() => Promise<void>> {
  const keptAt = process.env['REFOLD_E2E_KEEP'];
  if (keptAt !== undefined && existsSync(keptAt)) {
    project.provide('deployed', JSON.parse(readFileSync(keptAt, 'utf8')) as DeployedFacts);
    return async () => {};
  }
  const clients = openClients();
  const stack = `refold-e2e-${randomBytes(4).toString('hex')}`;
  const buckets: Buckets = { inputBucket: `${stack}-in`, outputBucket: `${stack}-out` };
  const folder = mkdtempSync(join(tmpdir(), 'refold-e2e-'));
  const remove = async () => {
    await removeStack(clients, stack);
    for (const bucket of Object.values(buckets)) await removeBucket(clients.s3, bucket);
    clients.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await makeBuckets(clients, buckets);
    await runProcess(['scripts/build.ts']);
    await bootstrap(clients, folder);
    await runCdk(deployArguments(stack, buckets, folder));
  } catch (error) {
    await remove().catch(() => {}); // What went wrong first is what matters.
    throw error;
  }
  const outputs = JSON.parse(readFileSync(join(folder, 'outputs.json'), 'utf8')) as Record<string, Record<string, string>>;
  const facts: DeployedFacts = { stack, ...buckets, outputs: outputs[stack]! };
  project.provide('deployed', facts);
  if (keptAt === undefined) return remove;
  writeFileSync(keptAt, JSON.stringify(facts));
  return async () => {};
}

function deployArguments(stack: string, { inputBucket, outputBucket }: Buckets, folder: string): readonly string[] {
  const own = join(import.meta.dirname, '../jobs');
  const files = [
    ...EXAMPLES.map((name) => join(root, 'examples', `${name}.ts`)),
    ...readdirSync(own).map((name) => join(own, name)),
  ];
  const trigger = {
    job: 'uploaded',
    bucket: inputBucket,
    prefix: 'incoming/',
    suffix: '',
    output: `s3://${outputBucket}/counts/{name}`,
  };
  const context = {
    stack,
    jobs: Object.fromEntries(files.map((file) => [basename(file, '.ts'), file])),
    inputs: [`s3://${inputBucket}/jobs/`, `s3://${inputBucket}/incoming/`],
    outputs: [`s3://${outputBucket}/jobs/`, `s3://${outputBucket}/counts/`],
    triggers: [trigger],
    recordCalls: 'true',
    removal: 'destroy',
  };
  return [
    'deploy',
    stack,
    ...['--app', `exec "${process.execPath}" "${join(root, 'cdk/app.ts')}"`],
    ...['--output', join(folder, 'cdk.out')],
    ...['--outputs-file', join(folder, 'outputs.json')],
    ...['--require-approval', 'never'],
    '--no-notices',
    ...Object.entries(context).flatMap(([name, value]) => [
      '--context',
      `refold:${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    ]),
  ];
}

async function makeBuckets({ s3 }: AwsClients, { inputBucket, outputBucket }: Buckets): Promise<void> {
  for (const Bucket of [inputBucket, outputBucket]) await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: inputBucket,
      NotificationConfiguration: { EventBridgeConfiguration: {} },
    }),
  );
}

/** What the CDK needs once an account and region. */
async function bootstrap({ cloudFormation }: AwsClients, folder: string): Promise<void> {
  try {
    await cloudFormation.send(new DescribeStacksCommand({ StackName: 'CDKToolkit' }));
  } catch {
    const account = process.env['AWS_ACCOUNT_ID'] ?? '000000000000';
    await runCdk(['bootstrap', `aws://${account}/${process.env['AWS_REGION']}`, '--output', join(folder, 'bootstrap.out')]);
  }
}

/** With its buckets, which must be empty to go. */
async function removeStack({ cloudFormation, s3 }: AwsClients, StackName: string): Promise<void> {
  const { StackResources = [] } = await cloudFormation
    .send(new DescribeStackResourcesCommand({ StackName }))
    .catch(() => ({ StackResources: [] })); // It was never there.
  for (const { ResourceType, PhysicalResourceId } of StackResources) {
    if (ResourceType === 'AWS::S3::Bucket' && PhysicalResourceId) await removeBucket(s3, PhysicalResourceId);
  }
  await cloudFormation.send(new DeleteStackCommand({ StackName }));
  await waitUntilStackDeleteComplete(
    { client: cloudFormation, maxWaitTime: REMOVAL_SECONDS_MAX, minDelay: 1, maxDelay: 2 },
    { StackName },
  );
}
