import { nameJob } from '../../lib/coordinator/name-job.ts';
import { resolveJobOptions } from '../../lib/job/job-options.ts';
import type { JobRecord } from '../../lib/job/job-record.ts';
import type { JobShape } from '../../lib/job/job-shape.ts';

export const shape: JobShape = {
  steps: [
    {
      name: 'step 1',
      inputs: [{ name: '', reader: 'lines', cuts: 'ranges' }],
      mapOnly: false,
      partition: 'hash',
      groupBy: 0,
      extension: '.tsv',
    },
  ],
  outsideInputs: [''],
  params: {},
  options: {},
};

/** A job over an input that is said to be listed. */
export function recordOf(
  values: { readonly name?: string; readonly output?: string; readonly overwrites?: string } = {},
): JobRecord {
  const { name = 'count', output = 's3://out/here' } = values;
  const named = nameJob({
    code: { sha256: 'c0de', file: `${name}.ts` },
    shape,
    options: resolveJobOptions(1),
    inputs: [{ name: '', location: 's3://in/logs', objects: 1, bytes: 10, digest: 'd1' }],
    output,
    nowMs: 0,
  });
  return { ...named, output, leaseKey: output, nodeVersion: 'v24.0.0' };
}

export const runOptions = { workers: 0, concurrency: 1, recordTimeoutMs: 300_000, budgetUsd: null, overwrite: false } as const;
