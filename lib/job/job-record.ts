import type { Params } from './define-job.ts';
import type { ContentOptions } from './job-options.ts';
import type { JobShape } from './job-shape.ts';

/** One outside input as it was listed when the job was named. */
export type InputListing = {
  readonly name: string;
  readonly location: string;
  readonly objects: number;
  readonly bytes: number;
  /** SHA-256 over every object's key, version and size, in listing order. */
  readonly digest: string;
};

/** `job.json`: all that a run needs besides the code. Written once, never changed. */
export type JobRecord = {
  readonly format: 1;
  readonly jobId: string;
  readonly fingerprint: string;
  readonly name: string;
  readonly code: { readonly sha256: string; readonly file: string };
  readonly shape: JobShape;
  /** Those that were given: each step has its own defaults for the rest. */
  readonly params: Params;
  readonly options: ContentOptions;
  readonly inputs: readonly InputListing[];
  /** The output location as given; for standard output a path in the work area. */
  readonly output: string;
  /** What the lease of the output goes by: the same for all ways to write one location, such as links to it. */
  readonly leaseKey: string;
  readonly toStdout: boolean;
  /** The job was started by code, which reads its pairs back: they are kept beside the parts. */
  readonly keepPairs?: boolean;
  /** `--limit`: only the first n records of each input. */
  readonly limit?: number;
  /** `--new`: sets this job apart from the same command's earlier ones. */
  readonly salt?: string;
  /** Of a job that an upload started: jobs in a row whose outputs led to it, counted from 1. */
  readonly chainDepth?: number;
  readonly nodeVersion: string;
  readonly createdAtMs: number;
};
