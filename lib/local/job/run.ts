import type { Pair } from '../../job/define-job.ts';
import { type InputLocations, type JobCall, requestOf } from '../../node/job-request.ts';
import { LocalJob } from './local-job.ts';
import type { LocalAdapters } from './prepare-job.ts';

/** What a job on this machine is started with. */
export type RunRequest = JobCall & {
  /** A path or an `s3://` location, or several by the names of the inputs. */
  readonly input: InputLocations;
  /** A folder that is empty or not there. */
  readonly output: string;
};

/**
 * Starts the job of a module on this machine and answers its handle. Only a module can travel to workers, so a path or URL is given. A job
 * that was killed goes on from its finished tasks; one that is done answers its stored result.
 * @throws JobModuleError, InputMissingError, InvalidOptionError, OutputOverlapError, before anything runs
 */
export async function run<P extends Pair = Pair>(
  jobFile: string | URL,
  request: RunRequest,
  adapters?: LocalAdapters,
): Promise<LocalJob<P>> {
  return await LocalJob.start<P>(requestOf(jobFile, request), adapters);
}
