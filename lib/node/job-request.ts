import { fileURLToPath } from 'node:url';
import { InvalidOptionError } from '../errors.ts';
import type { Params } from '../job/define-job.ts';
import { type JobOptions, OPTION_NAMES } from '../job/job-options.ts';
import { checkOptionNames } from '../record/option-names.ts';
import { showValue } from '../record/show-value.ts';

/** What code starts a job with, wherever that runs, beside its input and output. Options win over those of the job file. */
export type JobCall = JobOptions & {
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
  /** Where compiled code goes, and of a job on this machine its state and work data. @default `.refold` in `cwd` */
  readonly workFolder?: string;
};

/** One location, or several by the names of the inputs. */
export type InputLocations = string | Readonly<Record<string, string>>;

/** A job that is asked for, by code or by a command line. */
export type JobRequest = {
  /** Path of the job's module. */
  readonly jobFile: string;
  /** Locations by the names of the inputs; `''` for the one unnamed input. */
  readonly inputs: Readonly<Record<string, string>>;
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
  /** @default `.refold` in cwd */
  readonly workFolder?: string;
};

/**
 * What code asks for: it may read the pairs back. A URL may be given as text, as `import.meta.resolve` answers it.
 * @throws InvalidOptionError for what types would have refused: much code that starts jobs was never checked
 */
export function requestOf(
  jobFile: string | URL,
  call: JobCall & { readonly input: InputLocations; readonly output: string },
): JobRequest & { readonly output: string } {
  checkCall(jobFile, call);
  const { input, output, params, overwrite, isNew, limit, cwd, workFolder, ...options } = call;
  return {
    jobFile: jobFile instanceof URL || jobFile.startsWith('file:') ? fileURLToPath(jobFile) : jobFile,
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
}

const FIELDS = ['input', 'output', 'params', 'overwrite', 'isNew', 'limit', 'cwd', 'workFolder', ...OPTION_NAMES];

function checkCall(jobFile: unknown, call: unknown): void {
  if (typeof jobFile !== 'string' && !(jobFile instanceof URL)) {
    const hint = 'Give the file whose default export is the job: only a module can travel to workers.';
    throw new InvalidOptionError({ option: 'jobFile', value: showValue(jobFile), rule: 'a path or a URL', hint });
  }
  checkOptionNames('request', call as object, FIELDS);
  const { input, output } = call as { readonly input?: unknown; readonly output?: unknown };
  if (typeof input !== 'string' && (typeof input !== 'object' || input === null)) {
    const hint = 'Give input: PATH, or input: { name: PATH } where the job names its inputs.';
    throw new InvalidOptionError({ option: 'input', value: showValue(input), rule: 'a path', hint });
  }
  if (typeof output === 'string' && output !== '') return;
  throw new InvalidOptionError({ option: 'output', value: showValue(output), rule: 'a path', hint: 'Give output: PATH.' });
}
