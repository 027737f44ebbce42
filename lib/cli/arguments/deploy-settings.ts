import { existsSync, statSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { bucketOf, isStackFolder } from './bucket-location.ts';
import type { GivenArguments } from './parse-arguments.ts';
import { stackOf } from './stack-flags.ts';
import { readTrigger, type Trigger } from './trigger-flag.ts';
import { UsageError } from './usage-error.ts';

/** What a stack is deployed with: all of it, each time. */
export type DeploySettings = {
  readonly stack: string;
  /** Absolute paths of job files by the jobs' names. */
  readonly jobs: Readonly<Record<string, string>>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly triggers: readonly Trigger[];
  readonly publishCode: boolean;
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
