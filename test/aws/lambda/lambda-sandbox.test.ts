import { describe, expect, it } from 'vitest';
import { threadedJob } from '../threaded-job.ts';

const MIB = 2 ** 20;
const HELD = { byte: 49, record: 7 };

/** The error that a call leaves with. */
const thrown = (call: Promise<unknown>) =>
  call.then(
    () => {
      throw new Error('it should have failed');
    },
    (error: unknown) => error,
  );

/** Its runtime prints the message, the stack and every enumerable property, of those of the error too. */
function loggedByLambda(error: unknown): string {
  return JSON.stringify(error, (_, value: unknown) =>
    value instanceof Error ? { ...value, errorType: value.name, errorMessage: value.message, stack: value.stack } : value,
  );
}

describe('the sandbox of a Lambda container', () => {
  it('commits a map task and says so in one line', async () => {
    const job = await threadedJob('task.log("seven"); task.counter("sevens").add(1);');
    expect(await job.map()).toEqual({});
    expect(await job.task()).toMatchObject({ attempts: 1, failed: 0, commit: { result: { kind: 'map' } } });
    expect(job.attempts).toEqual([
      {
        jobId: job.jobId,
        run: 1,
        step: 0,
        role: 'map',
        phase: 'map',
        index: 0,
        attemptId: (await job.task())?.commit?.attemptId,
        outcome: 'done',
        ms: expect.any(Number),
        bytes: 70,
        records: 10,
        requests: { 's3:GetObject': 1 },
      },
    ]);
    expect(job.lines).toEqual(['seven']);
  });

  it('answers at once for a task that is committed', async () => {
    const job = await threadedJob('');
    await job.map();
    expect(await job.map()).toEqual({});
    expect(await job.task()).toMatchObject({ attempts: 1 });
  });

  it.each([
    {
      name: 'throws',
      body: 'throw new RangeError("no sevens");',
      code: 'REFOLD_UNKNOWN',
      errorName: 'UserError',
      text: 'no sevens',
    },
    { name: 'loops for ever', body: 'for (;;);', code: 'REFOLD_RECORD_HUNG', errorName: 'UserError', text: 'within 1000 ms' },
    {
      name: 'never settles',
      body: 'await new Promise(() => {});',
      code: 'REFOLD_RECORD_HUNG',
      errorName: 'UserError',
      text: 'within 1000 ms',
    },
    { name: 'exits', body: 'process.exit(3);', code: 'REFOLD_USER_EXIT', errorName: 'UserError', text: 'process.exit(3)' },
    {
      name: 'crashes in a timer',
      body: 'setTimeout(() => { throw new Error("late"); }, 1); await new Promise(() => {});',
      code: 'REFOLD_THREAD_CRASHED',
      errorName: 'UserError',
      text: 'late',
    },
  ])('outlives user code that $name: the record is named, in the ledger too, and the next task runs', async (misdeed) => {
    const { body, code, errorName, text } = misdeed;
    const job = await threadedJob(`if (task.attempt === 1) { ${body} }`, { recordTimeoutMs: 1_000 });
    const error = await thrown(job.map());
    expect(error).toMatchObject({ name: errorName, failure: { message: expect.stringContaining(text) } });
    const task = await job.task();
    expect(task).toMatchObject({ attempts: 1, failed: 1, lastFailure: { values: expect.objectContaining(HELD) } });
    expect(task?.lastFailure?.message).toContain(text);
    expect(job.attempts).toMatchObject([{ outcome: task?.lastFailure?.code }]);
    if (code !== 'REFOLD_UNKNOWN') expect(task?.lastFailure?.code).toBe(code);
    expect(await job.map()).toEqual({});
    expect(await job.task()).toMatchObject({ attempts: 2, failed: 1, commit: expect.anything() });
  });

  it('leaves what user code says to the ledger: nothing that Lambda logs of the thrown error has it', async () => {
    const job = await threadedJob('class Secret extends RangeError {}; throw new Secret("card 4711\\nand more");');
    const error = await thrown(job.map());
    expect((await job.task())?.lastFailure?.message).toContain('card 4711');
    expect(loggedByLambda(error)).not.toContain('4711');
    const { name, message } = error as Error;
    const { code, retryable } = (await job.task())!.lastFailure!;
    expect(name).toBe('UserError');
    expect(JSON.parse(message)).toMatchObject({ code, retryable, message: expect.stringContaining('ledger') });
  });

  it('sends a heap that overflows up the ladder', async () => {
    const body = 'const all = []; for (;;) all.push({ at: all.length });';
    const job = await threadedJob(body, { limits: { heapBytes: 48 * MIB } });
    expect(await thrown(job.map())).toMatchObject({ name: 'SandboxLost' });
    expect(await job.task()).toMatchObject({
      failed: 1,
      lastFailure: { code: 'REFOLD_HEAP_OVERFLOW', values: expect.objectContaining(HELD) },
    });
  });

  it.each([
    { spent: true, ended: 1 },
    { spent: false, ended: 0 },
  ])('ends the process that stays too large, after the ledger knows: spent $spent', async ({ spent, ended }) => {
    let ends = 0;
    const job = await threadedJob('for (;;) await new Promise((resolve) => setTimeout(resolve, 5));', {
      limits: { sandboxMemoryBytes: 1 },
      sandbox: { isSpent: () => spent, endProcess: () => void ends++ },
    });
    expect(await thrown(job.map())).toMatchObject({ name: 'SandboxLost' });
    expect(ends).toBe(ended);
    expect((await job.task())?.lastFailure).toMatchObject({ code: 'REFOLD_MEMORY_LIMIT' });
  });

  it('keeps its process for a failure of user code, whose class the end of the process would change', async () => {
    let ends = 0;
    const job = await threadedJob('throw new Error("seven");', {
      sandbox: { isSpent: () => true, endProcess: () => void ends++ },
    });
    expect(await thrown(job.map())).toMatchObject({ name: 'UserError' });
    expect(ends).toBe(0);
  });

  it('ends an attempt in order before its function is ended, with how far it came and what to do', async () => {
    const job = await threadedJob('await new Promise((resolve) => setTimeout(resolve, 30_000));');
    const startedAtMs = performance.now();
    const error = await thrown(job.map(4));
    expect(performance.now() - startedAtMs).toBeLessThan(4_000);
    expect(error).toMatchObject({ name: 'SandboxLost' });
    const failure = (await job.task())?.lastFailure;
    expect(failure).toMatchObject({
      code: 'REFOLD_TASK_TIMEOUT',
      message: expect.stringMatching(/did not end within its function's 3 s, with record 7 at byte 49 of .*in\.txt in hand/),
      hint: expect.stringContaining('--split-bytes'),
      values: expect.objectContaining({ ...HELD, bytes: 0, records: 0 }),
    });
    expect(job.attempts).toMatchObject([{ outcome: 'REFOLD_TASK_TIMEOUT' }]);
  });

  it('says in the ledger that code is not deployed, before any attempt', async () => {
    const job = await threadedJob('', {
      sandbox: {
        findCode: async (code) => {
          const { findCode } = await import('../../../lib/aws/start/find-code.ts');
          return await findCode(code, { folders: [] });
        },
      },
    });
    expect(await thrown(job.map())).toMatchObject({
      name: 'PermanentError',
      message: expect.stringContaining('REFOLD_CODE_NOT_DEPLOYED'),
    });
    expect((await job.task())?.lastFailure).toMatchObject({ code: 'REFOLD_CODE_NOT_DEPLOYED' });
  });
});
