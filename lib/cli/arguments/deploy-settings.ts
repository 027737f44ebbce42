import { existsSync, statSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { isKeyArn } from '../../aws/stack/key-arn.ts';
import { bucketOf, isStackFolder } from './bucket-location.ts';
import type { GivenArguments } from './parse-arguments.ts';
import { parseCount } from './quantity.ts';
import { stackOf } from './stack-flags.ts';
import { readTrigger, type TriggerFlag } from './trigger-flag.ts';
import { UsageError } from './usage-error.ts';

/** What a stack is deployed with: all of it, each time. */
export type DeploySettings = {
  readonly stack: string;
  /** Absolute paths of job files by the jobs' names. */
  readonly jobs: Readonly<Record<string, string>>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly triggers: readonly TriggerFlag[];
  readonly publishCode: boolean;
  /** In MB: no function gets more than `max`. */
  readonly memory: { readonly max?: number };
  /** Of the buckets of inputs and outputs. */
  readonly kmsKeyArns: readonly string[];
};

/** @throws UsageError */
export function readDeploySettings(given: GivenArguments, cwd: string): DeploySettings {
  const settings: DeploySettings = {
    stack: stackOf(given),
    jobs: readJobs(given.operands, cwd),
    inputs: readLocations(given, 'input'),
    outputs: readLocations(given, 'output'),
    triggers: given.all('trigger').map(readTrigger),
    publishCode: given.has('publish-code'),
    memory: readMemory(given),
    kmsKeyArns: given.all('kms-key').map(readKey),
  };
  if (Object.keys(settings.jobs).length === 0 && !settings.publishCode) {
    const hint = 'Write: refold deploy word-count.ts …, or let submit bring the code with --publish-code.';
    throw new UsageError({ problem: 'There is no job to deploy.', hint });
  }
  for (const { job } of settings.triggers) {
    if (Object.hasOwn(settings.jobs, job)) continue;
    const hint = `The jobs of this deployment are: ${Object.keys(settings.jobs).join(', ') || 'none'}. A trigger can start only those.`;
    throw new UsageError({ problem: `--trigger names the job ${job}, which is not deployed.`, hint });
  }
  return settings;
}

/** Every bucket that is named, once. The stack's own is made with it. */
export function bucketsOf({ inputs, outputs }: DeploySettings): readonly string[] {
  const named = [...inputs, ...outputs].filter((location) => !isStackFolder(location));
  return [...new Set(named.map((location) => bucketOf('input', location)))];
}

function readJobs(files: readonly string[], cwd: string): Record<string, string> {
  const jobs: Record<string, string> = {};
  for (const file of files) {
    const path = resolve(cwd, file);
    if (!existsSync(path) || !statSync(path).isFile()) {
      throw new UsageError({ problem: `${file} is no file.`, hint: 'Give the files of the jobs: refold deploy word-count.ts …' });
    }
    const name = basename(file, extname(file));
    if (jobs[name] !== undefined && jobs[name] !== path) {
      const hint = 'Jobs go by the names of their files: rename one of them.';
      throw new UsageError({ problem: `Two jobs are called ${name}.`, hint });
    }
    jobs[name] = path;
  }
  return jobs;
}

/** Less than the deciding functions have by themselves leaves tasks no room beside Node itself. */
const MAX_MEMORY_MB_MIN = 1024;
/** Of Lambda. */
const MAX_MEMORY_MB_MAX = 10_240;

function readMemory(given: GivenArguments): DeploySettings['memory'] {
  const text = given.text('max-memory');
  if (text === undefined) return {};
  const max = parseCount('max-memory', text);
  if (max >= MAX_MEMORY_MB_MIN && max <= MAX_MEMORY_MB_MAX) return { max };
  const hint = `Give MB from ${MAX_MEMORY_MB_MIN} to ${MAX_MEMORY_MB_MAX}, such as --max-memory 3008, which new accounts are allowed.`;
  throw new UsageError({ problem: `--max-memory ${text} is no size of a function.`, hint });
}

function readKey(arn: string): string {
  if (isKeyArn(arn)) return arn;
  const hint =
    'Write --kms-key arn:aws:kms:REGION:ACCOUNT:key/ID. Of an alias, name the key: aws kms describe-key --key-id alias/NAME';
  throw new UsageError({ problem: `--kms-key ${arn} is no ARN of a key.`, hint });
}

/** The functions get rights to these and no others, so there is no default. */
function readLocations(given: GivenArguments, flag: 'input' | 'output'): readonly string[] {
  const locations = given.all(flag);
  if (locations.length === 0) {
    const what = flag === 'input' ? 'read' : 'write';
    throw new UsageError({
      problem: `deploy needs --${flag}.`,
      hint: `Say where jobs may ${what}: --${flag} s3://bucket/prefix; several times for several places.`,
    });
  }
  for (const location of locations) {
    if (!isStackFolder(location)) bucketOf(flag, location);
    else if (location.replace(/^\/+/, '') === '') {
      const hint = `Write --${flag} s3://bucket/prefix, or a folder of the stack's own bucket, such as --${flag} ${flag}/.`;
      throw new UsageError({ problem: `--${flag} is empty.`, hint });
    }
  }
  return locations;
}
