import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Deployed, type SubmitRequest } from '../harness/deployed.ts';

const deployed = new Deployed();
afterAll(() => deployed.close());

const jobFile = join(import.meta.dirname, '../jobs/ragged.ts');
const one = { 'one.txt': 'a b a\n' };

function request(changes: Partial<SubmitRequest>): SubmitRequest {
  return { jobFile, input: one, options: {}, output: deployed.outputUri(deployed.name('refused')), ...changes };
}

describe('a deployed stack refuses', () => {
  it.each([
    { what: 'an input outside of what it may read', from: () => `s3://${deployed.facts.inputBucket}/elsewhere/` },
    { what: 'an input of another bucket', from: () => `s3://${deployed.facts.outputBucket}/jobs/` },
    { what: 'an input of a bucket that is not there', from: () => 's3://refold-no-such-bucket-4711/jobs/' },
    { what: 'an empty prefix', from: () => deployed.inputUri(deployed.name('empty')) },
    { what: 'a key that is not there', from: () => `${deployed.inputUri(deployed.name('empty'))}one.txt` },
  ])('$what', async ({ from }) => {
    const refused = request({ input: from() });
    await expect(deployed.submit(refused)).rejects.toMatchObject({ code: expect.stringMatching(/^REFOLD_/) });
    expect(await deployed.list(refused.output)).toEqual([]);
    expect(await deployed.executionsInto(refused.output)).toBe(0);
  });

  it.each([
    { what: 'an output outside of what it may write', output: () => `s3://${deployed.facts.outputBucket}/elsewhere` },
    { what: 'an output where its input lies', output: () => `s3://${deployed.facts.inputBucket}/jobs` },
    { what: 'an output that would start the trigger again', output: () => `s3://${deployed.facts.inputBucket}/incoming` },
  ])('$what', async ({ output }) => {
    const refused = request({ output: `${output()}/${deployed.name('refused')}` });
    await expect(deployed.submit(refused)).rejects.toMatchObject({
      code: expect.stringMatching(/^REFOLD_/),
    });
    expect(await deployed.executionsInto(refused.output)).toBe(0);
  });

  it('an output that is occupied, unless it may overwrite', async () => {
    const occupied = request({});
    const first = await deployed.submit(occupied);
    await first.result();
    const other = request({ output: occupied.output, input: { 'two.txt': 'c\n' } });
    await expect(deployed.submit(other)).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_OCCUPIED' });
    const second = await deployed.submit({ ...other, overwrite: true });
    await second.result();
    expect((await deployed.parts(occupied.output)).map(({ bytes }) => bytes.toString()).join('')).toBe('c\t1\n');
  });
});

describe('a deployed job that fails', () => {
  it('tells the record by its object and line, and the line of the job, and leaves nothing at its output', async () => {
    const failing = request({
      input: { 'a.txt': 'x\ny\n', 'b.txt': 'z\npoison\n' },
      options: { soloBytes: 0, splitBytes: 4, reduceTasks: 2 },
    });
    const job = await deployed.submit(failing);
    const failure = await job.result().then(
      () => undefined,
      (error: Error) => error,
    );
    expect(failure?.message).toContain('no number: poison');
    expect(failure?.message).toMatch(/ragged\.ts:\d+:\d+\)/);
    expect(JSON.stringify(failure)).toContain('b.txt');
    expect((await job.status()).state).toBe('FAILED');
    expect(await deployed.list(failing.output)).toEqual([]);
    const [execution] = await deployed.executions.list(job.id);
    expect(execution?.status).toBe('FAILED');
  });
});
