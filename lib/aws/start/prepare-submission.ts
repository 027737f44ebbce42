import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { nameJob } from '../../coordinator/name-job.ts';
import { InvalidOptionError } from '../../errors.ts';
import type { Params } from '../../job/define-job.ts';
import { type JobOptions, type ResolvedOptions, resolveJobOptions } from '../../job/job-options.ts';
import type { InputListing, JobRecord } from '../../job/job-record.ts';
import type { JobShape } from '../../job/job-shape.ts';
import { type Bundle, bundleJob } from '../../node/bundle/bundle-job.ts';
import { describeJob } from '../../node/bundle/describe-job.ts';
import type { World } from '../../ports/world.ts';
import { listInput } from '../../split/list-input.ts';
import { codeKey } from '../../work/work-layout.ts';
import { isListLocation } from '../s3/listed-input-store.ts';
import { checkAllowed, checkOverlap, normalizeOutput } from '../s3/location.ts';
import type { Deployment } from '../stack/stack-outputs.ts';
import { CodeNotDeployedError } from './find-code.ts';
import type { RunRecord } from './run-record.ts';

/** What `refold submit` or `connect().submit()` asks for. */
export type Submission = {
  /** Path of the job's module. */
  readonly jobFile: string;
  /** `s3://` locations by the names of the inputs; `''` for the one unnamed input. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly output: string;
  /** As given: texts are read by the type of the job's default. */
  readonly params?: Params;
  readonly options?: JobOptions;
  readonly overwrite?: boolean;
  /** A job of its own, whatever was run before. */
  readonly isNew?: boolean;
  /** Only the first n records of each input. */
  readonly limit?: number;
  /** Keep the output's pairs in the work area, for code to read back. */
  readonly keepPairs?: boolean;
  /** @default the current folder */
  readonly cwd?: string;
  /** Where compiled code goes. @default `.refold` in cwd */
  readonly workFolder?: string;
};

/** A job that is named, and not yet in the ledger. */
export type PreparedSubmission = {
  readonly record: JobRecord;
  readonly options: ResolvedOptions;
  readonly run: Omit<RunRecord, 'format' | 'run'>;
  readonly bundle: Bundle;
};

type PrepareWorld = Pick<World, 'input' | 'ids' | 'clock'>;

/** A job of this size, whole in one sandbox, takes seconds; below it the machine's own steps are most of the time. */
const AWS_DEFAULTS: JobOptions = { soloBytes: 64_000_000 };
/** Resolved workers: as many as the account allows, which Plan finds out. */
const WORKERS_OPEN = 0;

/**
 * Compiles the job, lists its input, asks the job for its shape in a supervised thread of this process, and names the job. Changes nothing.
 * @throws JobModuleError, InputMissingError, InvalidOptionError, LocationNotAllowedError, OutputOverlapError
 */
export async function prepareSubmission(
  deployment: Deployment,
  world: PrepareWorld,
  submission: Submission,
): Promise<PreparedSubmission> {
  const { cwd = process.cwd(), workFolder = '.refold', jobFile, inputs } = submission;
  const output = normalizeOutput(submission.output);
  refuseOptions(submission.options ?? {});
  checkLocations(deployment, Object.values(inputs), output);
  const coding = bundleJob(resolve(cwd, jobFile), { workFolder: resolve(cwd, workFolder) }).then(async (bundle) => ({
    bundle,
    shape: await describeJob(bundle.path, jobFile),
  }));
  const [{ bundle, shape }, listings] = await Promise.all([coding, listInputs(world, inputs)]);
  const options = resolveAwsOptions(shape, submission.options ?? {});
  const named = nameJob({
    code: { sha256: bundle.sha256, file: jobFile },
    shape,
    options,
    inputs: listings,
    ...(submission.params && { params: submission.params }),
    output,
    limit: submission.limit,
    salt: submission.isNew === true ? world.ids.newId() : undefined,
    keepPairs: submission.keepPairs,
    nowMs: world.clock.nowMs(),
  });
  const record = { ...named, output, leaseKey: output, nodeVersion: process.version };
  return { record, options, bundle, run: runOf(options, submission.overwrite ?? false) };
}

/** @throws LocationNotAllowedError, OutputOverlapError, InvalidOptionError */
export function checkLocations(
  { inputs: allowedInputs, outputs: allowedOutputs, settings }: Pick<Deployment, 'inputs' | 'outputs' | 'settings'>,
  inputs: readonly string[],
  output: string,
): void {
  for (const input of inputs) if (!isListLocation(input)) checkAllowed('input', input, allowedInputs);
  checkAllowed('output', output, allowedOutputs);
  checkOverlap({ inputs, output, workArea: { bucket: settings.workBucket, key: settings.workPrefix } });
}

/** The options of a job on AWS: what belongs to the deployment counts as not given where the job file gives it. */
export function resolveAwsOptions(shape: JobShape, given: JobOptions): ResolvedOptions {
  const own: JobOptions = Object.fromEntries(
    Object.entries(shape.options).filter(([name, value]) => refusalOf(name, value) === undefined),
  );
  return resolveJobOptions(WORKERS_OPEN, AWS_DEFAULTS, own, given);
}

export function runOf(options: ResolvedOptions, overwrite: boolean): PreparedSubmission['run'] {
  const { workers, concurrency, recordTimeoutMs, budgetUsd } = options;
  return { workers: workers === 'inline' ? WORKERS_OPEN : workers, concurrency, recordTimeoutMs, budgetUsd, overwrite };
}

/**
 * Puts a job's code where the functions find it: it is deployed with them, or published by its content hash where the stack allows it.
 * @param path of the compiled code; undefined when there is none here, and it must be there already
 * @throws CodeNotDeployedError
 */
export async function bringCode(
  { stack, jobs, allowsPublishedCode }: Pick<Deployment, 'stack' | 'jobs' | 'allowsPublishedCode'>,
  work: World['work'],
  { sha256, file }: JobRecord['code'],
  path: string | undefined,
): Promise<void> {
  if (jobs.some(({ hashStart }) => sha256.startsWith(hashStart))) return;
  // The functions hold it to its hash, so whoever put it there before put the same.
  const isPublished = allowsPublishedCode && (await work.head(codeKey(sha256))) !== undefined;
  if (isPublished) return;
  if (!allowsPublishedCode || path === undefined) {
    const reason = `is not deployed with the stack ${stack}, which holds ${jobs.map(({ name }) => name).join(', ') || 'no jobs'}`;
    throw new CodeNotDeployedError({ file, sha256, reason });
  }
  await work.putIfAbsent(codeKey(sha256), await readFile(path));
}

async function listInputs(world: Pick<World, 'input'>, inputs: Submission['inputs']): Promise<readonly InputListing[]> {
  return await Promise.all(Object.entries(inputs).map(([name, location]) => listInput(world.input, name, location)));
}

/** @throws InvalidOptionError for what is not the submission's to say */
export function refuseOptions(options: JobOptions): void {
  for (const [option, value] of Object.entries(options)) {
    const hint = refusalOf(option, value);
    if (hint !== undefined)
      throw new InvalidOptionError({ option, value: String(value), rule: 'an option of a job on AWS', hint });
  }
}

/** Why an option has no say on AWS; undefined when it has. */
function refusalOf(option: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (option === 'maxAttempts')
    return 'It is a property of the stack: set maxAttempts of the MapReduce construct and deploy again.';
  if (option === 'taskTimeoutMs')
    return 'It is a property of the stack: set timeout of the MapReduce construct and deploy again.';
  if (option === 'workers' && value === 'inline')
    return 'Give a number of tasks at a time, or leave it out for as many as the account allows.';
  return undefined;
}
