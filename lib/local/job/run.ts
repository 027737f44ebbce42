import { fileURLToPath } from 'node:url';
import type { Params } from '../../job/define-job.ts';
import type { JobOptions } from '../../job/job-options.ts';
import { LocalJob, type Pair } from './local-job.ts';
import type { LocalAdapters } from './prepare-job.ts';

/** What a local job is started with: its places, and options that win over those of the job file. */
export type RunRequest = JobOptions & {
  /** A path or an `s3://` location, or several by the names of the inputs. */
  readonly input: string | Readonly<Record<string, string>>;
  /** A folder that is empty or not there. */
  readonly output: string;
  /** Values for the job's own params; those that are left out have the job's defaults. */
  readonly params?: Params;
  /** Replace what lies at the output. @default false */
  readonly overwrite?: boolean;
  /** A job of its own, whatever was run before. @default false */
  readonly isNew?: boolean;
  /** Only the first n records of each input. */
  readonly limit?: number;
  /** Paths are relative to it. @default the current folder */
  readonly cwd?: string;
  /** Where state and work data go. @default `.refold` in `cwd` */
  readonly workFolder?: string;
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
  const { input, output, params, overwrite, isNew, limit, cwd, workFolder, ...options } = request;
  const local = {
    jobFile: pathOf(jobFile),
    inputs: typeof input === 'string' ? { '': input } : input,
    output,
    options,
    keepPairs: true,
    ...(params && { params }),
    ...(overwrite !== undefined && { overwrite }),
    ...(isNew !== undefined && { isNew }),
    ...(limit !== undefined && { limit }),
    ...(cwd !== undefined && { cwd }),
    ...(workFolder !== undefined && { workFolder }),
  };
  return await LocalJob.start<P>(local, adapters);
}

/** A URL may be given as text, as `import.meta.resolve` answers it. */
function pathOf(jobFile: string | URL): string {
  return jobFile instanceof URL || jobFile.startsWith('file:') ? fileURLToPath(jobFile) : jobFile;
}
