import { InvalidOptionError } from '../errors.ts';
import type { Params } from '../job/define-job.ts';
import { fingerprintOf, jobIdOf } from '../job/fingerprint.ts';
import { contentOptionsOf, type ResolvedOptions } from '../job/job-options.ts';
import type { InputListing, JobRecord } from '../job/job-record.ts';
import type { JobShape } from '../job/job-shape.ts';
import { resolveParams } from '../job/resolve-params.ts';
import { nearest } from '../record/nearest.ts';

/** What a job is made of, as its starter knows it. */
export type JobParts = {
  /** Hash of the compiled code, and the user's own file, for messages. */
  readonly code: { readonly sha256: string; readonly file: string };
  readonly shape: JobShape;
  readonly options: ResolvedOptions;
  readonly inputs: readonly InputListing[];
  /** As given: texts are read by the type of the job's default. */
  readonly params?: Params;
  /** Where the output goes, in one spelling; undefined for standard output. */
  readonly output: string | undefined;
  readonly limit?: number | undefined;
  /** Sets the job apart from earlier ones of the same parts. */
  readonly salt?: string | undefined;
  readonly keepPairs?: boolean | undefined;
  readonly nowMs: number;
};

/** The record of a job, but for what only the place it runs in knows. */
export type NamedJob = Omit<JobRecord, 'output' | 'leaseKey' | 'nodeVersion'> & { readonly output: string | undefined };

/** The same parts are the same job. @throws InvalidOptionError naming the input or param that is missing or unknown */
export function nameJob(parts: JobParts): NamedJob {
  const { code, shape, options, inputs, output, limit, salt, keepPairs } = parts;
  checkInputNames(shape, inputs);
  const name = shape.name ?? jobNameOf(code.file);
  const identity = {
    code,
    params: resolveParams(shape.params, parts.params ?? {}),
    options: contentOptionsOf(options),
    inputs,
    output: output ?? '',
    ...(limit === undefined ? {} : { limit }),
    ...(salt === undefined ? {} : { salt }),
  };
  const fingerprint = fingerprintOf(identity);
  return {
    format: 1,
    jobId: jobIdOf(name, fingerprint),
    fingerprint,
    name,
    shape,
    ...identity,
    output,
    toStdout: output === undefined,
    ...(keepPairs === true ? { keepPairs } : {}),
    createdAtMs: parts.nowMs,
  };
}

function checkInputNames(shape: JobShape, listings: readonly InputListing[]): void {
  const wanted = shape.outsideInputs;
  const show = (name: string) => (name === '' ? '--input PATH' : `--input ${name}=PATH`);
  for (const { name } of listings) {
    if (wanted.includes(name)) continue;
    const value = name === '' ? 'an input without a name' : name;
    const meant = name === '' ? '' : nearest(name, wanted);
    const hint = `Give ${wanted.map(show).join(' ')}${meant === '' ? '' : ` (did you mean ${meant}?)`}.`;
    throw new InvalidOptionError({ option: 'input', value, rule: 'one of the inputs of this job', hint });
  }
  const missing = wanted.filter((name) => !listings.some((listing) => listing.name === name));
  if (missing.length > 0) {
    const value = missing.map((name) => name || 'its one input').join(', ');
    throw new InvalidOptionError({ option: 'input', value, rule: 'given', hint: `Give ${missing.map(show).join(' ')}.` });
  }
}

/** `word-count` of `jobs/word-count.ts`. */
function jobNameOf(file: string): string {
  const name = file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(0, dot) : name;
}
