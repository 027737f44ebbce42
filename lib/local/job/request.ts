import type { JobRequest } from '../../node/job-request.ts';

/** A job that is to run on this machine. `-` as the location of an input stands for standard input. */
export type LocalRequest = JobRequest & {
  /** Where to read `-` from. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** A folder; undefined for standard output. */
  readonly output?: string;
};
