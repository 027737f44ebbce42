import { readJobRecord } from '../../coordinator/job-access.ts';
import type { JobOptions } from '../../job/job-options.ts';
import type { JobRecord } from '../../job/job-record.ts';
import type { World } from '../../ports/world.ts';
import type { Deployment } from '../stack/stack-outputs.ts';
import { refuseOptions, resolveAwsOptions } from '../start/aws-options.ts';
import { bringCode } from '../start/bring-code.ts';
import { checkLocations } from '../start/check-locations.ts';
import type { Executions } from '../start/executions.ts';
import { type PreparedSubmission, prepareSubmission, type Submission } from '../start/prepare-submission.ts';
import { runSettingsOf } from '../start/run-record.ts';
import { type StartedJob, startJob } from '../start/start-job.ts';

/** What a client of a stack works with. */
export type StackClient = { readonly deployment: Deployment; readonly world: World; readonly executions: Executions };

/**
 * Prepares a job file on this machine and starts it on the stack. The same submission twice is one job and one execution.
 * @throws CodeNotDeployedError, and what `prepareSubmission` and `startJob` throw, before anything runs
 */
export async function submitJob(client: StackClient, submission: Submission): Promise<StartedJob> {
  return await startPrepared(client, await prepareSubmission(client.deployment, client.world, submission), submission.jobFile);
}

/** The second half of `submitJob`, for callers that show the price in between. */
export async function startPrepared(client: StackClient, prepared: PreparedSubmission, jobFile: string): Promise<StartedJob> {
  const { world, deployment } = client;
  await bringCode(deployment, world.work, { sha256: prepared.bundle.sha256, file: jobFile }, prepared.bundle.path);
  return await startJob(client, prepared.record, { run: prepared.run, ended: 'take-up' });
}

/**
 * Takes a job up from its record, with its own code, input and content options; run options may be given anew. One that runs is left running.
 * @throws LocationNotAllowedError, CodeNotDeployedError when the stack has been deployed for other places or jobs since; InvalidOptionError
 */
export async function resumeJob(
  client: StackClient,
  jobId: string,
  given: JobOptions = {},
  overwrite = false,
): Promise<StartedJob> {
  const record: JobRecord = await readJobRecord(client.world, jobId);
  refuseOptions(given);
  await bringCode(client.deployment, client.world.work, record.code, undefined);
  const inputs = record.inputs.map(({ location }) => location);
  checkLocations(client.deployment, inputs, record.output);
  const options = resolveAwsOptions(record.shape, { ...record.options, ...given });
  return await startJob(client, record, { run: runSettingsOf(options, overwrite), ended: 'take-up' });
}
