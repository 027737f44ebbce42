import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { resumeJob, submitJob } from '../../../lib/aws/connect/submit-job.ts';
import type { Deployment } from '../../../lib/aws/stack/stack-outputs.ts';
import type { Submission } from '../../../lib/aws/start/prepare-submission.ts';
import type { RunRecord } from '../../../lib/aws/start/run-record.ts';
import type { JobRecord } from '../../../lib/job/job-record.ts';
import { type MemoryWorld, memoryWorld } from '../../../lib/memory/memory-world.ts';
import { bundleJob } from '../../../lib/node/bundle/bundle-job.ts';
import { encodeSuccess } from '../../../lib/output/success-file.ts';
import { readJson } from '../../../lib/work/json-object.ts';
import { codeKey, jobKey, runKey } from '../../../lib/work/work-layout.ts';
import { temporaryFolder } from '../../local/temporary-folder.ts';
import { MemoryExecutions } from '../memory-executions.ts';

let cwd: string;
let world: MemoryWorld;
let executions: MemoryExecutions;
let deployment: Deployment;

const deployed = {
  stack: 'refold',
  settings: { workBucket: 'work-bucket', workPrefix: 'work/', tableName: 't' },
  stateMachineArn: 'arn',
  functions: {},
  inputs: ['s3://logs/raw', 's3://work-bucket/input'],
  outputs: ['s3://results', 's3://logs/raw/out', 's3://work-bucket'],
  allowsPublishedCode: false,
  facts: { memory: {} },
};

beforeEach(async () => {
  cwd = temporaryFolder();
  writeJob('');
  world = memoryWorld();
  world.input.write('s3://logs/raw/a.txt', 'a b a');
  executions = new MemoryExecutions();
  const { sha256 } = await bundleJob(join(cwd, 'count.ts'), { workFolder: join(cwd, '.refold') });
  deployment = { ...deployed, jobs: [{ name: 'count', hashStart: sha256.slice(0, 16) }] };
});

function writeJob(options: string): void {
  const source = `import { defineJob, lines, count } from 'refold';
export default defineJob({ input: lines(), params: { least: 1 }, ${options} map(line, emit) { emit(line, 1); }, reduce: count() });`;
  writeFileSync(join(cwd, 'count.ts'), source);
}

const submit = (submission: Partial<Submission> = {}) =>
  submitJob(
    { deployment, world, executions },
    { jobFile: 'count.ts', inputs: { '': 's3://logs/raw/' }, output: 's3://results/counts/', cwd, ...submission },
  );

const runRecord = (jobId: string, run: number) => readJson<RunRecord>(world, runKey(jobId, run));

describe('submitJob', () => {
  it('refuses an output in the finished output of a job, as far as the stack may look', async () => {
    const finish = async (location: string) => {
      const success = { format: 1, jobId: 'older-1', name: 'older', createdAtMs: 0, parts: [], counters: {}, receipt: {} };
      await world.openOutput(location, 'older-1').writeSuccess(encodeSuccess(success as never));
    };
    const asked: string[] = [];
    const { openOutput } = world;
    Object.assign(world, {
      openOutput: (location: string, jobId: string) => {
        asked.push(location);
        return openOutput(location, jobId);
      },
    });
    await finish('s3://results/counts/done');
    asked.length = 0;
    await expect(submit({ output: 's3://results/counts/done/a/b/' })).rejects.toMatchObject({
      code: 'REFOLD_OUTPUT_OVERLAP',
      message: expect.stringContaining('lies in the output s3://results/counts/done of older-1'),
    });
    expect(asked).toEqual(['s3://results/counts/done/a', 's3://results/counts/done', 's3://results/counts']);
    expect(await submit({ output: 's3://results/counts/done-too' })).toMatchObject({ kind: 'started' });
  });

  it('names the job as a run here would, writes it down and starts it', async () => {
    const { kind, record } = await submit({ params: { least: '2' }, options: { workers: 20, budgetUsd: 1.5 } });
    expect(kind).toBe('started');
    const job = await readJson<JobRecord>(world, jobKey(record.jobId));
    expect(job).toMatchObject({
      name: 'count',
      params: { least: 2 },
      options: { soloBytes: 64_000_000 },
      inputs: [{ name: '', location: 's3://logs/raw/', objects: 1, bytes: 5 }],
      output: 's3://results/counts',
      leaseKey: 's3://results/counts',
      toStdout: false,
    });
    expect(await runRecord(record.jobId, 1)).toEqual({
      format: 1,
      run: 1,
      workers: 20,
      concurrency: 1,
      recordTimeoutMs: 300_000,
      budgetUsd: 1.5,
      overwrite: false,
    });
    expect(executions.names()).toEqual([`${record.jobId}-1`]);
  });

  it('starts once for the same submission, however the output is spelt, and anew when told so', async () => {
    const first = await submit();
    expect(await submit({ output: 's3://results/counts' })).toMatchObject({
      kind: 'running',
      record: { jobId: first.record.jobId },
    });
    expect((await submit({ output: 's3://results/other', isNew: true })).record.jobId).not.toBe(first.record.jobId);
    expect(executions.names()).toHaveLength(2);
  });

  it('leaves the number of workers to the account unless it is given', async () => {
    const { record } = await submit();
    expect(await runRecord(record.jobId, 1)).toMatchObject({ workers: 0, budgetUsd: null });
  });

  it('takes a job file that sets what belongs to the stack here', async () => {
    writeJob("maxAttempts: 9, taskTimeoutMs: 5, workers: 'inline', soloBytes: 0,");
    deployment = { ...deployment, allowsPublishedCode: true };
    const { record } = await submit();
    expect(record.options.soloBytes).toBe(0);
    expect(await runRecord(record.jobId, 1)).toMatchObject({ workers: 0 });
  });

  it.each([
    [{ maxAttempts: 2 }, 'maxAttempts'],
    [{ taskTimeoutMs: 1000 }, 'timeout'],
    [{ workers: 'inline' as const }, 'number of tasks'],
    [{ budgetUsd: -1 }, 'table of options'],
  ])('refuses %o', async (options, hint) => {
    await expect(submit({ options })).rejects.toMatchObject({
      code: 'REFOLD_INVALID_OPTION',
      hint: expect.stringContaining(hint),
    });
  });

  it.each([
    ['an input outside of the inputs', { inputs: { '': 's3://logs/other' } }, 'REFOLD_LOCATION_NOT_ALLOWED'],
    ['an input beside an allowed prefix', { inputs: { '': 's3://logs/rawer/a.txt' } }, 'REFOLD_LOCATION_NOT_ALLOWED'],
    ['a glob that reaches outside', { inputs: { '': 's3://logs/r*/a.txt' } }, 'REFOLD_LOCATION_NOT_ALLOWED'],
    ['an output outside of the outputs', { output: 's3://elsewhere/x' }, 'REFOLD_LOCATION_NOT_ALLOWED'],
    ['an output inside the input', { output: 's3://logs/raw/out' }, 'REFOLD_OUTPUT_OVERLAP'],
    [
      'an output that is the input',
      { inputs: { '': 's3://work-bucket/input/x' }, output: 's3://work-bucket/input/x' },
      'REFOLD_OUTPUT_OVERLAP',
    ],
    [
      'an output that holds an input',
      { inputs: { '': 's3://work-bucket/input/x' }, output: 's3://work-bucket/input' },
      'REFOLD_OUTPUT_OVERLAP',
    ],
    ['an output in the work area', { output: 's3://work-bucket/work/jobs/x' }, 'REFOLD_OUTPUT_OVERLAP'],
    ['a whole bucket as the output', { output: 's3://results' }, 'REFOLD_INVALID_OPTION'],
    ['a path of this machine', { output: 'out/' }, 'REFOLD_INVALID_OPTION'],
    ['an input with nothing in it', { inputs: { '': 's3://logs/raw/nothing' } }, 'REFOLD_INPUT_MISSING'],
    ['an input that the job does not know', { inputs: { visits: 's3://logs/raw' } }, 'REFOLD_INVALID_OPTION'],
    ['a job file that is not there', { jobFile: 'no.ts' }, 'REFOLD_JOB_MODULE'],
  ])('refuses %s, before anything is written', async (_, submission, code) => {
    await expect(submit(submission)).rejects.toMatchObject({ code });
    expect(await world.ledger.listJobs()).toEqual([]);
    expect(executions.names()).toEqual([]);
  });

  it('names the allowed places in the refusal', async () => {
    await expect(submit({ output: 's3://elsewhere/x' })).rejects.toThrow('s3://results, s3://logs/raw/out');
  });

  it('refuses code that the stack does not hold, and says what it holds', async () => {
    writeJob('memoryBytes: 1000000,');
    await expect(submit()).rejects.toMatchObject({
      code: 'REFOLD_CODE_NOT_DEPLOYED',
      message: expect.stringContaining('is not deployed with the stack refold, which holds count'),
      hint: expect.stringContaining('refold deploy'),
    });
    expect(await world.ledger.listJobs()).toEqual([]);
  });

  it('publishes code by its hash where the stack allows it, and only what is not deployed', async () => {
    deployment = { ...deployment, allowsPublishedCode: true };
    const first = await submit();
    expect(await world.work.head(codeKey(first.record.code.sha256))).toBeUndefined();
    writeJob('memoryBytes: 1000000,');
    const second = await submit({ output: 's3://results/second' });
    expect(await world.work.head(codeKey(second.record.code.sha256))).toBeDefined();
  });
});

describe('resumeJob', () => {
  it('takes a job up from its record, whatever has become of the source, with other run options if given', async () => {
    const client = { deployment, world, executions };
    const { record } = await submit({ options: { splitBytes: 1000 } });
    expect(await resumeJob(client, record.jobId)).toMatchObject({ kind: 'running', run: 1 });
    await world.ledger.setJobState(record.jobId, 'PLANNING', 'FAILED', 1);
    executions.end(`${record.jobId}-1`, { status: 'FAILED' });
    writeJob('memoryBytes: 1000000,');
    expect(await resumeJob(client, record.jobId, { budgetUsd: 9, workers: 3 })).toMatchObject({ kind: 'started', run: 2 });
    expect(await runRecord(record.jobId, 2)).toMatchObject({ budgetUsd: 9, workers: 3 });
  });

  it('refuses options that are of the stack, and a job whose code is there no longer', async () => {
    const client = { deployment, world, executions };
    const { record } = await submit();
    await world.ledger.setJobState(record.jobId, 'PLANNING', 'FAILED', 1);
    await expect(resumeJob(client, record.jobId, { maxAttempts: 3 })).rejects.toMatchObject({ code: 'REFOLD_INVALID_OPTION' });
    const later = { ...client, deployment: { ...deployment, jobs: [], allowsPublishedCode: true } };
    await expect(resumeJob(later, record.jobId)).rejects.toMatchObject({ code: 'REFOLD_CODE_NOT_DEPLOYED' });
    await world.work.put(codeKey(record.code.sha256), Buffer.from('code'));
    expect(await resumeJob(later, record.jobId)).toMatchObject({ kind: 'started', run: 2 });
  });

  it('refuses a job whose places the stack no longer has', async () => {
    const { record } = await submit();
    await world.ledger.setJobState(record.jobId, 'PLANNING', 'FAILED', 1);
    const client = { deployment: { ...deployment, inputs: [] }, world, executions };
    await expect(resumeJob(client, record.jobId)).rejects.toMatchObject({ code: 'REFOLD_LOCATION_NOT_ALLOWED' });
  });
});
