import type { JobShape } from '../../job/job-shape.ts';

/** One job whose code lies in the functions' asset, as `jobs/<sha256>.mjs`. */
export type DeployedJob = {
  /** What triggers and the stack's outputs call it: letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  /** The user's own file, for messages; relative to the folder that the jobs were packed in. */
  readonly file: string;
  readonly sha256: string;
  readonly shape: JobShape;
};

/** `jobs.json` of the functions' asset: every job that was deployed with it, in the order of their names. */
export type DeployedJobs = readonly DeployedJob[];

/** Names of the files of a packed job, relative to the asset. */
export const deployedJobsFile = 'jobs.json';
export const deployedCodeFile = (sha256: string) => `jobs/${sha256}.mjs`;
