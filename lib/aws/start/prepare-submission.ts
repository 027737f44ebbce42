import { resolve } from 'node:path';
import { nameJob } from '../../coordinator/name-job.ts';
import { refuseNested } from '../../coordinator/refuse-nested.ts';
import type { ResolvedOptions } from '../../job/job-options.ts';
import type { InputListing, JobRecord } from '../../job/job-record.ts';
import { type Bundle, bundleJob } from '../../node/bundle/bundle-job.ts';
import { describeJob } from '../../node/bundle/describe-job.ts';
import type { JobRequest } from '../../node/job-request.ts';
import type { World } from '../../ports/world.ts';
import { listInput } from '../../split/list-input.ts';
import { normalizeOutput } from '../s3/location.ts';
import type { Deployment } from '../stack/stack-outputs.ts';
import { refuseOptions, resolveAwsOptions } from './aws-options.ts';
import { ancestorsOf, checkLocations } from './check-locations.ts';
import { type RunSettings, runSettingsOf } from './run-record.ts';

/** What `refold submit` or `connect().submit()` asks for: a job whose input and output lie on S3. */
export type Submission = JobRequest & { readonly output: string };

/** A job that is named, and not yet in the ledger. */
export type PreparedSubmission = {
  readonly record: JobRecord;
  readonly options: ResolvedOptions;
  readonly run: RunSettings;
  readonly bundle: Bundle;
};

type PrepareWorld = Pick<World, 'input' | 'openOutput' | 'ids' | 'clock'>;

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
  const nesting = refuseNested(world, output, ancestorsOf(deployment, output));
  const [{ bundle, shape }, listings] = await Promise.all([coding, listInputs(world, inputs), nesting]);
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
  return { record, options, bundle, run: runSettingsOf(options, submission.overwrite ?? false) };
}

async function listInputs(world: Pick<World, 'input'>, inputs: Submission['inputs']): Promise<readonly InputListing[]> {
  return await Promise.all(Object.entries(inputs).map(([name, location]) => listInput(world.input, name, location)));
}
