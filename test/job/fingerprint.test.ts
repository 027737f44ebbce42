import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprintOf, jobIdOf } from '../../lib/job/fingerprint.ts';
import { contentOptionsOf, resolveJobOptions } from '../../lib/job/job-options.ts';
import type { InputListing, JobRecord } from '../../lib/job/job-record.ts';

const visits: InputListing = { name: 'visits', location: 'in/visits', objects: 3, bytes: 99, digest: 'd1' };
const pages: InputListing = { name: 'pages', location: 'in/pages', objects: 1, bytes: 5, digest: 'd2' };

const job: JobRecord = {
  format: 1,
  jobId: 'count-1',
  fingerprint: '',
  name: 'count',
  code: { sha256: 'c0de', file: '/home/ann/count.ts' },
  shape: { steps: [], outsideInputs: ['visits', 'pages'], params: {}, options: {} },
  params: { minLength: 3, word: 'the', loud: true },
  options: contentOptionsOf(resolveJobOptions(2)),
  inputs: [visits, pages],
  output: 'out',
  leaseKey: '/home/ann/out',
  toStdout: false,
  nodeVersion: 'v24.0.0',
  createdAtMs: 1,
};

const withOption = (some: Partial<JobRecord['options']>): JobRecord => ({ ...job, options: { ...job.options, ...some } });
const withVisits = (some: Partial<InputListing>): JobRecord => ({ ...job, inputs: [{ ...visits, ...some }, pages] });

describe('fingerprintOf', () => {
  it.each<{ name: string; other: JobRecord }>([
    { name: 'other code', other: { ...job, code: { ...job.code, sha256: 'c1de' } } },
    { name: 'another value of a param', other: { ...job, params: { ...job.params, minLength: 4 } } },
    { name: 'another type of a param', other: { ...job, params: { ...job.params, minLength: '3' } } },
    { name: 'a param more', other: { ...job, params: { ...job.params, more: 1 } } },
    { name: 'a param less', other: { ...job, params: {} } },
    { name: 'other splitBytes', other: withOption({ splitBytes: 1 }) },
    { name: 'other reduceTasks', other: withOption({ reduceTasks: 1 }) },
    { name: 'other memoryBytes', other: withOption({ memoryBytes: 1 }) },
    { name: 'other soloBytes', other: withOption({ soloBytes: 0 }) },
    { name: 'another listing', other: withVisits({ digest: 'd9' }) },
    { name: 'another location', other: withVisits({ location: 'in/visits2' }) },
    { name: 'another name of an input', other: withVisits({ name: 'hits' }) },
    {
      name: 'inputs that have changed places',
      other: {
        ...job,
        inputs: [
          { ...visits, name: 'pages' },
          { ...pages, name: 'visits' },
        ],
      },
    },
    { name: 'an input more', other: { ...job, inputs: [...job.inputs, { ...pages, name: 'extra' }] } },
    { name: 'another output', other: { ...job, output: 'out2' } },
    { name: 'a limit', other: { ...job, limit: 0 } },
    { name: 'a salt', other: { ...job, salt: '' } },
  ])('makes another job of $name', ({ other }) => {
    expect(fingerprintOf(other)).not.toBe(fingerprintOf(job));
  });

  it.each<{ name: string; other: JobRecord }>([
    { name: 'the file lies elsewhere', other: { ...job, code: { ...job.code, file: '/home/bob/count.ts' } } },
    { name: 'the params come in another order', other: { ...job, params: { loud: true, word: 'the', minLength: 3 } } },
    { name: 'the options come in another order', other: { ...job, options: reversed(job.options) } },
    { name: 'the inputs are given in another order', other: { ...job, inputs: [pages, visits] } },
    { name: 'it is later, on another Node', other: { ...job, createdAtMs: 2, nodeVersion: 'v25.0.0' } },
    { name: 'it has another name', other: { ...job, name: 'tally' } },
    { name: 'its pairs are kept', other: { ...job, keepPairs: true } },
  ])('names the same job though $name', ({ other }) => {
    expect(fingerprintOf(other)).toBe(fingerprintOf(job));
  });

  it('takes no notice of run options', () => {
    const runOptions = { workers: 9, concurrency: 9, maxAttempts: 9, recordTimeoutMs: 9, taskTimeoutMs: 9 } as const;
    const other = { ...job, options: contentOptionsOf(resolveJobOptions(64, runOptions)) };
    expect(fingerprintOf(other)).toBe(fingerprintOf(job));
  });

  it('takes the params in any order, and gives no two of them one name', () => {
    const params = () =>
      fc.dictionary(fc.string({ maxLength: 3 }), fc.oneof(fc.string({ maxLength: 3 }), fc.integer(), fc.boolean()));
    fc.assert(
      fc.property(params(), params(), (one, two) => {
        const sameParams = JSON.stringify(sortedEntries(one)) === JSON.stringify(sortedEntries(two));
        expect(fingerprintOf({ ...job, params: one }) === fingerprintOf({ ...job, params: two })).toBe(sameParams);
        expect(fingerprintOf({ ...job, params: reversed(one) })).toBe(fingerprintOf({ ...job, params: one }));
      }),
    );
  });
});

function reversed<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).toReversed()) as T;
}

function sortedEntries(record: object): readonly unknown[] {
  return Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

describe('jobIdOf', () => {
  const fingerprint = '0123456789abcdef0123';

  it.each([
    { name: 'top-ips', id: 'top-ips-0123456789abcde' },
    { name: 'Word Count (v2)!', id: 'word-count-v2-0123456789abcde' },
    { name: '../../etc', id: 'etc-0123456789abcde' },
    { name: 'ß日本', id: 'job-0123456789abcde' },
    { name: '', id: 'job-0123456789abcde' },
    { name: 'a-name-that-goes-on-and-on-for-ever', id: 'a-name-that-goes-on-and--0123456789abcde' },
  ])('makes $id of "$name"', ({ name, id }) => {
    expect(jobIdOf(name, fingerprint)).toBe(id);
  });

  it('is safe as a name of a file and of an execution, whatever the job is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(jobIdOf(name, fingerprint)).toMatch(/^[a-z0-9][a-z0-9-]{0,39}$/);
      }),
    );
  });
});
