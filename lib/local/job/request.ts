import type { Params } from '../../job/define-job.ts';
import type { JobOptions } from '../../job/job-options.ts';

/** What the command line or `run()` asks for. */
export type LocalRequest = {
  /** Path of the job's module. */
  readonly jobFile: string;
  /** Locations by the names of the inputs; `''` for the one unnamed input, `-` as a location for standard input. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Where to read `-` from. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** A folder; undefined for standard output. */
  readonly output?: string;
  /** As given: texts from the command line are read by the type of the job's default. */
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
