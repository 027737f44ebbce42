import { defineJob, type Emit, lines, PermanentError, range, sum } from 'refold';
import { describe, expect, it } from 'vitest';
import { readRunRecord } from '../../../lib/aws/start/run-record.ts';
import type { Job } from '../../../lib/job/define-job.ts';
import { HandledJob } from '../handled-job.ts';

const wordCount = defineJob({
  input: lines(),
  map(line, emit: Emit<string, number>) {
    for (const word of line.split(' ')) emit(word, 1);
  },
  combine: sum(),
  reduce: sum(),
}) as Job;

const LINES = Array.from({ length: 60 }, (_, at) => `the ${['apple', 'pear', 'plum'][at % 3]} ${at}`);
const PHASES = { soloBytes: 0, splitBytes: 200, reduceTasks: 3 };

function handled(job: Job = wordCount, options: ConstructorParameters<typeof HandledJob>[1] = {}): HandledJob {
  const handledJob = new HandledJob(job, { content: PHASES, ...options });
  handledJob.world.input.write('in/a.txt', LINES.slice(0, 30).join('\n'));
  handledJob.world.input.write('in/b.txt', LINES.slice(30).join('\n'));
  return handledJob;
}

function counts(text: string): Readonly<Record<string, number>> {
  return Object.fromEntries(
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'))
      .map(([word, n]) => [word, Number(n)]),
  );
}

const oracle: Record<string, number> = {};
for (const word of LINES.join(' ').split(' ')) oracle[word] = (oracle[word] ?? 0) + 1;

describe('the handlers', () => {
  it('run a job from plan to commit, each attempt in the log', async () => {
    const job = handled();
    expect(await job.run()).toMatchObject({ status: 'SUCCEEDED' });
    expect(counts(await job.output())).toEqual(oracle);
    expect(await job.item()).toMatchObject({ state: 'DONE', run: 1 });
    const maps = job.attempts.filter(({ role }) => role === 'map');
    expect(maps.length).toBeGreaterThan(2);
    expect(new Set(maps.map(({ index }) => index)).size).toBe(maps.length);
    expect(maps.reduce((total, { records }) => total + records, 0)).toBe(LINES.length);
    expect(job.attempts.filter(({ role }) => role === 'reduce').length).toBeGreaterThan(0);
    expect(job.attempts.every(({ outcome, run, phase, role }) => outcome === 'done' && run === 1 && phase === role)).toBe(true);
  });

  it('give the same content whole in one sandbox', async () => {
    const job = handled(wordCount, { content: { ...PHASES, soloBytes: 1_000_000 } });
    const phases = handled();
    await Promise.all([job.run(), phases.run()]);
    expect(await job.output()).toBe(await phases.output());
    expect(job.attempts.map(({ role, phase, index }) => [role, phase, index])).toEqual([['solo', 'reduce', 0]]);
  });

  it('sample before a sort by range', async () => {
    const sorted = defineJob({
      input: lines(),
      map: (line, emit: Emit<string, number>) => emit(line, 1),
      partition: range(),
      reduce: sum(),
    }) as Job;
    const job = handled(sorted);
    expect(await job.run()).toMatchObject({ status: 'SUCCEEDED' });
    const keys = (await job.output())
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t')[0]);
    expect(keys).toEqual(LINES.toSorted());
    expect(job.attempts[0]).toMatchObject({ role: 'sample', outcome: 'done' });
  });

  it('have every attempt priced by the memory of its function', async () => {
    const slow = defineJob({
      input: lines(),
      setup: () => job.world.clock.sleep(500),
      map: (line, emit: Emit<string, number>) => emit(line, 1),
      reduce: sum(),
    }) as Job;
    const job: HandledJob = handled(slow, { run: { workers: 1 } });
    await job.run();
    for await (const page of job.world.ledger.readTasks(job.record.jobId, 0, 'map')) {
      for (const { usage } of page) expect(usage).toEqual({ finishedMbMs: 500 * 2048, running: [] });
    }
  });

  it('give user code the time that is left but for what ending in order takes', async () => {
    const job = handled(wordCount, { run: { recordTimeoutMs: 777 } });
    await job.run();
    expect(new Set(job.limits.map((limits) => JSON.stringify(limits)))).toEqual(
      new Set([JSON.stringify({ taskTimeoutMs: 892_000, recordTimeoutMs: 777 })]),
    );
  });

  it('settle how many tasks run at a time in plan, by the quota, where nobody says', async () => {
    const asked = handled(wordCount, { run: { workers: 3 } });
    await asked.run();
    expect((await readRunRecord(asked.world, asked.record.jobId, 1)).workers).toBe(3);
    const open = handled(wordCount, { run: { workers: 0 } });
    expect(await open.run()).toMatchObject({ status: 'SUCCEEDED' });
    expect((await readRunRecord(open.world, open.record.jobId, 1)).workers).toBe(900);
  });

  it('keep to the workers that were asked for', async () => {
    let running = 0;
    let most = 0;
    const slow = defineJob({
      input: lines(),
      async map(line, emit: Emit<string, number>) {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        emit(line, 1);
      },
      reduce: sum(),
    }) as Job;
    await handled(slow, { run: { workers: 2 } }).run();
    expect(most).toBe(2);
  });

  it('watch a job with a budget, and let it end within', async () => {
    const job = handled(wordCount, { run: { budgetUsd: 1 } });
    expect(await job.run()).toMatchObject({ status: 'SUCCEEDED' });
    expect(counts(await job.output())).toEqual(oracle);
    expect(job.calls.filter((name) => name === 'watch').length).toBeGreaterThanOrEqual(2);
  });

  it('end a job whose map phase has used its budget up before a reduce task begins', async () => {
    const mapped = Promise.withResolvers<void>();
    const job = handled(wordCount, {
      run: { budgetUsd: 1e-7 },
      before: async (name) => {
        if (name === 'planReduce') mapped.resolve();
        if (name === 'watch') await mapped.promise; // It looks too late.
      },
    });
    expect(await job.run()).toMatchObject({ status: 'FAILED', error: 'BudgetExceededError' });
    expect(job.calls.filter((name) => name === 'planReduce')).toHaveLength(1);
    expect(job.calls).not.toContain('reduce');
  });

  it('end a job over its budget, and take it up with a higher one', async () => {
    const job = handled(wordCount, { run: { budgetUsd: 1e-7, workers: 1 } });
    expect(await job.run()).toMatchObject({ status: 'FAILED', error: 'BudgetExceededError' });
    expect(await job.item()).toMatchObject({
      state: 'FAILED',
      error: { code: 'REFOLD_BUDGET_EXCEEDED', values: { budgetUsd: 1e-7 } },
    });
    expect(await job.output()).toBe('');
    expect(await job.run({ budgetUsd: 1 })).toMatchObject({ status: 'SUCCEEDED' });
    expect(counts(await job.output())).toEqual(oracle);
    const done = job.attempts.filter(({ role, outcome }) => role === 'map' && outcome === 'done').map(({ index }) => index);
    expect(new Set(done).size).toBe(done.length); // What was committed did not run again.
  });
});

describe('a failure', () => {
  const failing = (error: () => Error) =>
    defineJob({
      input: lines(),
      map(line, emit: Emit<string, number>) {
        if (line.endsWith(' 42')) throw error();
        emit(line, 1);
      },
      reduce: sum(),
    }) as Job;

  it('of user code is tried again, then fails the job with its position', async () => {
    const job = handled(
      failing(() => new RangeError('no 42')),
      { machine: { maxAttempts: 3 } },
    );
    const outcome = await job.run();
    expect(outcome).toMatchObject({ status: 'FAILED', cause: expect.stringContaining('no 42') });
    expect((await job.item())?.error?.values).toMatchObject({ object: 'in/b.txt' });
    expect(job.attempts.filter(({ outcome }) => outcome !== 'done')).toHaveLength(3);
  });

  it('of a small job is told whole, though its function leaves the details to the ledger', async () => {
    const job = handled(
      failing(() => new RangeError('no 42')),
      { content: { ...PHASES, soloBytes: 1_000_000 }, machine: { maxAttempts: 2 } },
    );
    expect(await job.run()).toMatchObject({ status: 'FAILED', cause: expect.stringContaining('no 42') });
    expect(job.attempts.map(({ role, outcome }) => [role, outcome])).toEqual([
      ['solo', 'REFOLD_USER_CODE'],
      ['solo', 'REFOLD_USER_CODE'],
    ]);
    expect((await job.item())?.error).toMatchObject({
      message: expect.stringContaining('no 42'),
      values: expect.objectContaining({ object: 'in/b.txt' }),
    });
  });

  it('of a sample says where, and no more than the start of what user code said', async () => {
    const sorted = defineJob({
      input: lines(),
      map: (line) => {
        throw new RangeError(`${'x'.repeat(400)} ${line}\nand ${line}`);
      },
      partition: range(),
      reduce: sum(),
    }) as Job;
    const job = handled(sorted, { machine: { maxAttempts: 1 } });
    expect(await job.run()).toMatchObject({ status: 'FAILED' });
    const { message = '' } = (await job.item())?.error ?? {};
    expect(message).toMatch(/^map failed at in\/a\.txt, record 0 .*RangeError: x+$/);
    expect(message.length).toBe(300);
  });

  it('that says never is not tried again', async () => {
    const job = handled(failing(() => new PermanentError('give up')));
    expect(await job.run()).toMatchObject({ status: 'FAILED' });
    expect(job.attempts.filter(({ outcome }) => outcome !== 'done')).toHaveLength(1);
  });

  it('leaves a handler as a TaskError of at most 2 KB', async () => {
    const job = handled(failing(() => new Error('x'.repeat(100_000))));
    await job.run();
    const { map } = job.handlers();
    const error: unknown = await map!({}, { getRemainingTimeInMillis: () => 1_000 }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'PermanentError', failure: { code: 'REFOLD_BAD_EVENT' } });
    expect(JSON.stringify((await job.item())?.error).length).toBeLessThanOrEqual(2048);
  });

  it('before the attempt begins is in the ledger too', async () => {
    const job = handled(wordCount, {
      before: async (name) => {
        if (name === 'map') await job.world.work.delete([`jobs/${job.record.jobId}/job.json`]);
      },
    });
    expect(await job.run()).toMatchObject({ status: 'FAILED', cause: expect.stringContaining('job.json') });
    const tasks = await job.world.ledger.readTask({ jobId: job.record.jobId, step: 0, phase: 'map', index: 0 });
    expect(tasks?.lastFailure).toMatchObject({ code: 'REFOLD_OBJECT_MISSING' });
  });
});

describe('markFailed of an ended execution', () => {
  const ended = (name: string, status: string, rest: object = {}) => ({
    source: 'aws.states',
    'detail-type': 'Step Functions Execution Status Change',
    detail: { name, status, ...rest },
  });

  /** A job whose run has begun, and the handler. */
  async function begun() {
    const job = handled(wordCount, {
      before: (name) => {
        if (name === 'plan') throw Object.assign(new Error('stopped'), { name: 'PermanentError' });
      },
    });
    await job.run();
    const { jobId } = job.record;
    await job.world.ledger.startRun(jobId, 2, `${jobId}-2`);
    const { markFailed } = job.handlers();
    return { job, jobId, tell: (event: object) => markFailed!(event, { getRemainingTimeInMillis: () => 9_000 }) };
  }

  it.each(['ABORTED', 'TIMED_OUT'])('marks a run that was %s', async (status) => {
    const { job, jobId, tell } = await begun();
    await tell(ended(`${jobId}-2`, status, { error: 'Operator', cause: 'enough' }));
    expect(await job.item()).toMatchObject({
      state: 'FAILED',
      run: 2,
      error: {
        code: 'REFOLD_EXECUTION_ENDED',
        message: expect.stringContaining(`${status}: Operator: enough`),
        values: { run: 2, status },
      },
    });
  });

  it('marks a run that hit a limit of Step Functions, with its cause', async () => {
    const { job, jobId, tell } = await begun();
    await tell(ended(`${jobId}-2`, 'FAILED', { error: 'States.DataLimitExceeded', cause: 'too much' }));
    expect(await job.item()).toMatchObject({ state: 'FAILED', error: { name: 'States.DataLimitExceeded', message: 'too much' } });
  });

  it('leaves a job alone that a newer run has taken up', async () => {
    const { job, jobId, tell } = await begun();
    await tell(ended(`${jobId}-1`, 'ABORTED'));
    expect(await job.item()).toMatchObject({ state: 'PLANNING', run: 2 });
  });

  it.each(['CANCELLED', 'COMMITTING'] as const)('leaves a job alone that is %s', async (state) => {
    const { job, jobId, tell } = await begun();
    await job.world.ledger.setJobState(jobId, 'PLANNING', state, 2);
    await tell(ended(`${jobId}-2`, 'ABORTED'));
    expect(await job.item()).toMatchObject({ state });
  });

  it('takes no notice of success, nor of executions that are none of ours', async () => {
    const { job, jobId, tell } = await begun();
    await tell(ended(`${jobId}-2`, 'SUCCEEDED'));
    await tell(ended('nobody-1', 'ABORTED'));
    await tell(ended('manual start', 'ABORTED'));
    await tell(ended(`${jobId}-2`, 'RUNNING'));
    expect(await job.item()).toMatchObject({ state: 'PLANNING' });
  });
});
