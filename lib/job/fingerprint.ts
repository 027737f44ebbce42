import { createHash } from 'node:crypto';
import type { JobRecord } from './job-record.ts';

type Identity = Pick<JobRecord, 'code' | 'params' | 'options' | 'inputs' | 'output' | 'limit' | 'salt'>;

/**
 * SHA-256 of all that decides what comes out and where it goes: code, params, content options, listing, output. The same command over the
 * same input is the same job.
 */
export function fingerprintOf(job: Identity): string {
  const identity = {
    code: job.code.sha256,
    params: sorted(job.params),
    options: sorted(job.options),
    inputs: job.inputs.map(({ name, location, digest }) => ({ name, location, digest })).toSorted(byName),
    output: job.output,
    limit: job.limit ?? null,
    salt: job.salt ?? null,
  };
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex');
}

/** Short enough to type, long enough never to meet another: 60 bits of the fingerprint behind the job's name. */
export function jobIdOf(name: string, fingerprint: string): string {
  const readable = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 24);
  return `${readable || 'job'}-${fingerprint.slice(0, 15)}`;
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function sorted(record: object): object {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
