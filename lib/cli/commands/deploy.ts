import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RefoldError } from '../../errors.ts';
import type { Command } from '../arguments/command.ts';
import { bucketsOf, type DeploySettings, readDeploySettings } from '../arguments/deploy-settings.ts';
import type { GivenArguments } from '../arguments/parse-arguments.ts';
import { repeatFlags, STACK_FLAGS, useAccount } from '../arguments/stack-flags.ts';
import { EXIT_CODES } from '../show/exit-code.ts';
import { type Row, showRows } from '../show/rows.ts';
import { showError } from '../show/show-error.ts';
import { printToStdout } from '../show/standard-output.ts';
import { adviseOnBuckets, type BucketQuestions } from '../stack/bucket-advice.ts';
import { type CdkTools, findCdkTools } from '../stack/cdk-tools.ts';
import { checkRunningJobs } from '../stack/running-jobs.ts';

export const command: Command = {
  name: 'deploy',
  operand: '[job.ts …]',
  summary: 'Deploys jobs to AWS, as a stack of their own, or changes that stack.',
  details: [
    'The stack is all that is given here and no more: functions may read the inputs and write the outputs, and hold the code of these jobs.',
    'Runs the AWS CDK of your project (aws-cdk, aws-cdk-lib, constructs), which asks before it grants rights. The buckets must be there.',
  ].join('\n'),
  flags: [
    { name: 'input', value: 's3://BUCKET/PREFIX', repeats: true, summary: 'where jobs may read' },
    { name: 'output', value: 's3://BUCKET/PREFIX', repeats: true, summary: 'where jobs may write' },
    {
      name: 'trigger',
      value: 'job=NAME,input=s3://…,output=s3://…',
      repeats: true,
      summary: 'an upload below input starts the job; suffix=.csv narrows it, {name} in output is the object',
    },
    {
      name: 'publish-code',
      summary: 'let submit bring code that was not deployed: who may publish may run code as the functions',
    },
    {
      name: 'kms-key',
      value: 'ARN',
      repeats: true,
      summary: 'a key that encrypts a bucket of the inputs or outputs: readers may decrypt with it, writers also encrypt',
    },
    { name: 'max-memory', value: 'MB', summary: 'no function gets more: new accounts are allowed 3008' },
    { name: 'yes', summary: 'grant what the stack asks for without a question' },
    { name: 'while-running', summary: 'deploy although jobs run on the stack: those whose code changes fail' },
    { name: 'json', summary: "the stack's outputs as one JSON object" },
    ...STACK_FLAGS,
  ],
  examples: [
    'refold deploy word-count.ts --input s3://my-logs/raw --output s3://my-results/counts',
    'refold deploy jobs/join.ts jobs/top.ts --input s3://my-logs --output s3://my-results --stack analytics --yes',
    'refold deploy word-count.ts --input s3://my-logs --output s3://my-results --trigger job=word-count,input=s3://my-logs/new/,output=s3://my-results/{name}',
  ],
  run,
};

/** The CDK has said why on standard error already. */
export class DeployFailedError extends RefoldError {
  override readonly name = 'DeployFailedError';
  readonly code = 'REFOLD_DEPLOY_FAILED';
  readonly retryable = false;
  readonly hint: string;
  constructor(values: { stackName: string; reason: string; hint: string }, options?: ErrorOptions) {
    super(`${values.stackName} was not deployed: ${values.reason}.`, values, options);
    this.hint = values.hint;
  }
}

async function run(given: GivenArguments): Promise<number> {
  const settings = readDeploySettings(given, process.cwd());
  useAccount(given);
  const tools = findCdkTools(process.cwd());
  await checkJobs(settings.jobs);
  const { openDeployTarget } = await import('../../aws/stack/deploy-target.ts');
  const target = openDeployTarget();
  try {
    return await deployTo(target, settings, tools, given);
  } finally {
    target.close();
  }
}

async function deployTo(target: DeployTarget, settings: DeploySettings, tools: CdkTools, given: GivenArguments): Promise<number> {
  const region = await target.region();
  await target.checkStack(settings.stack);
  for (const bucket of bucketsOf(settings)) await target.bucketRegion(bucket);
  if (!given.has('while-running')) await checkRunningJobs(settings.stack, 'deploy');
  process.stderr.write(describeDeployment(settings, region));
  const advice = await adviseOnBuckets(settings, target, region);
  process.stderr.write(showRows(advice.map((text) => ['warning', text])));
  const folder = mkdtempSync(join(tmpdir(), 'refold-deploy-'));
  try {
    const exitCode = await runCdk(tools.cli, deployArguments(settings, tools, folder, given.has('yes')));
    if (exitCode !== 0) {
      const failure = await explainFailure(settings, target, { exitCode, isApproved: given.has('yes') });
      process.stderr.write(showError(failure, { headline: 'the deployment failed' }));
      return exitCode === EXIT_CODES.interrupted ? exitCode : EXIT_CODES.failed;
    }
    const outputs = readOutputs(join(folder, 'outputs.json'), settings.stack);
    if (given.has('json')) await printToStdout(`${JSON.stringify(outputs)}\n`);
    else await printToStdout(describeDeployed(settings, outputs, repeatFlags(given)));
    return EXIT_CODES.done;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Packs the jobs as the CDK is about to, so that what is wrong with one is said at once, and alone. @throws JobModuleError, FailureError */
export async function checkJobs(jobs: DeploySettings['jobs']): Promise<void> {
  const { packJobs } = await import('../../node/bundle/pack-jobs.ts');
  const folder = mkdtempSync(join(tmpdir(), 'refold-check-'));
  try {
    await packJobs(folder, jobs);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What of AWS the command asks for itself. */
export type DeployTarget = BucketQuestions & {
  readonly region: () => Promise<string>;
  /** @throws ForeignStackError */
  readonly checkStack: (stack: string) => Promise<void>;
  /** Has the CDK what it needs in this account and region? */
  readonly isBootstrapped: () => Promise<boolean>;
  /** What CloudFormation says about the resources that failed. */
  readonly failureReasons: (stack: string) => Promise<readonly string[]>;
  /** Undefined where the credentials do not say it. */
  readonly account: () => Promise<string | undefined>;
};

/** The settings of the app travel as the CDK's context. Pure. */
export function deployArguments(settings: DeploySettings, tools: CdkTools, folder: string, isApproved: boolean): string[] {
  const context = {
    'refold:stack': settings.stack,
    'refold:jobs': JSON.stringify(settings.jobs),
    'refold:inputs': JSON.stringify(settings.inputs),
    'refold:outputs': JSON.stringify(settings.outputs),
    'refold:triggers': JSON.stringify(settings.triggers),
    'refold:publishCode': String(settings.publishCode),
    'refold:memory': JSON.stringify(settings.memory),
    'refold:kmsKeys': JSON.stringify(settings.kmsKeyArns),
  };
  return [
    'deploy',
    settings.stack,
    ...['--app', tools.app],
    ...['--output', join(folder, 'cdk.out')],
    ...['--outputs-file', join(folder, 'outputs.json')],
    ...['--require-approval', isApproved ? 'never' : 'broadening'],
    '--no-notices',
    ...Object.entries(context).flatMap(([key, value]) => ['--context', `${key}=${value}`]),
  ];
}

/** The CDK talks to the person itself, over standard error; its own output would mix with ours. */
function runCdk(cli: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], { stdio: ['inherit', 2, 2] });
    // The CDK gets Ctrl-C too, and ends what it has in hand.
    const wait = (): void => {};
    process.on('SIGINT', wait);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.off('SIGINT', wait);
      resolve(code ?? (signal === 'SIGINT' ? EXIT_CODES.interrupted : 1));
    });
  });
}

export async function explainFailure(
  { stack }: DeploySettings,
  target: DeployTarget,
  { exitCode, isApproved }: { readonly exitCode: number; readonly isApproved: boolean },
): Promise<DeployFailedError> {
  if (!(await target.isBootstrapped())) {
    const place = `aws://${(await target.account()) ?? 'ACCOUNT'}/${await target.region()}`;
    const reason = `the CDK was never bootstrapped in ${place}`;
    return new DeployFailedError({ stackName: stack, reason, hint: `Once an account and region: npx cdk bootstrap ${place}` });
  }
  const size = await tooLargeSize(stack, target);
  if (size !== undefined) {
    const hint =
      'Deploy with --max-memory 3008, or ask AWS for more: Service Quotas, AWS Lambda. Tasks that need more then fail.';
    return new DeployFailedError({ stackName: stack, reason: `Lambda allows this account no such function: ${size}`, hint });
  }
  const hint =
    isApproved || process.stdin.isTTY
      ? 'See what the CDK says above.'
      : 'See what the CDK says above. Without a terminal it cannot ask: give --yes to grant what the stack asks for.';
  return new DeployFailedError({ stackName: stack, reason: `the CDK ended with ${exitCode}`, hint });
}

/** What Lambda says to a function with more memory than the account may have, if that is why. */
async function tooLargeSize(stack: string, target: DeployTarget): Promise<string | undefined> {
  try {
    return (await target.failureReasons(stack)).find((reason) => reason.includes("'MemorySize'"));
  } catch {
    return undefined; // There may be no stack, or no right to look: the CDK has said what it knows.
  }
}

function readOutputs(path: string, stack: string): Readonly<Record<string, string>> {
  const outputs = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, string>>;
  return outputs[stack] ?? {};
}

/** @param region where it goes */
export function describeDeployment(settings: DeploySettings, region: string): string {
  const { stack, jobs, inputs, outputs, triggers, publishCode, memory, kmsKeyArns } = settings;
  return showRows([
    ['stack', `${stack} in ${region}`],
    ...Object.keys(jobs).map((name): Row => ['job', name]),
    ...(publishCode ? [['code', 'also what submit publishes'] as const] : []),
    ...inputs.map((location): Row => ['reads', location]),
    ...outputs.map((location): Row => ['writes', location]),
    ...kmsKeyArns.map((arn): Row => ['key', arn]),
    ...(memory.max === undefined ? [] : [['memory', `at most ${memory.max} MB a function`] as const]),
    ...triggers.map(
      ({ job, bucket, prefix, suffix, output }): Row => [
        'trigger',
        `${bucket === '' ? '' : `s3://${bucket}/`}${prefix}${suffix === '' ? '' : `*${suffix}`} starts ${job}, which writes ${output}`,
      ],
    ),
  ]);
}

/** What the person needs of a stack that is there, and the next command. */
function describeDeployed(settings: DeploySettings, outputs: Readonly<Record<string, string>>, flags: string): string {
  const [reads, writes] = [locationsOf(outputs.Inputs), locationsOf(outputs.Outputs)];
  const file = Object.values(settings.jobs)[0] ?? 'job.ts';
  return showRows([
    ['deployed', settings.stack],
    ['bucket', outputs.WorkBucket ?? ''],
    ...reads.map((location): Row => ['reads', location]),
    ...writes.map((location): Row => ['writes', location]),
    ['next', `refold submit ${relativeTo(file)} --input ${reads[0]} --output ${writes[0]}run-1${flags}`],
  ]);
}

/** Each ends with `/`. */
function locationsOf(output = '[]'): readonly string[] {
  return JSON.parse(output) as readonly string[];
}

function relativeTo(path: string): string {
  const cwd = `${process.cwd()}/`;
  return path.startsWith(cwd) ? path.slice(cwd.length) : path;
}
