import type { JobStatus } from '../../coordinator/job-status.ts';

/** The shape of `status --json`, which `run --json` gives too. */
export type StatusJson = Omit<JobStatus, 'name' | 'output'>;

export function statusJson({ jobId, state, run, generation, steps, counters, receipt, error }: JobStatus): StatusJson {
  return { jobId, state, run, generation, steps, counters, receipt, error };
}

/** With what only a stack has. */
export function stackStatusJson(status: JobStatus, costUsd: number) {
  return { ...statusJson(status), output: status.output, costUsd };
}
