import { describe, expect, it } from 'vitest';
import { type StartedJob, startJob } from '../../../lib/aws/start/start-job.ts';
import { cancelJob } from '../../../lib/coordinator/cancel-job.ts';
import type { JobRecord } from '../../../lib/job/job-record.ts';
import { type MemoryWorld, memoryWorld } from '../../../lib/memory/memory-world.ts';
import { encodeSuccess } from '../../../lib/output/success-file.ts';
import type { JobState } from '../../../lib/ports/task-ledger.ts';
import { readJson } from '../../../lib/work/json-object.ts';
import { jobKey, runKey } from '../../../lib/work/work-layout.ts';
import { Died, Mortal, Overtaken } from '../dying.ts';
import { recordOf, runOptions } from '../job-record.ts';
import { MemoryExecutions } from '../memory-executions.ts';

class Stack {
  readonly world: MemoryWorld = memoryWorld();
  readonly executions = new MemoryExecutions();

  start(
    record: JobRecord,
    {
      mortal = new Mortal(),
      ended = 'take-up' as 'take-up' | 'leave',
      overwrite = false,
      workers = 0,
      budgetUsd = null as number | null,
    } = {},
  ) {
    const { work, ledger, clock, openOutput } = this.world;
    const world = {
      work: mortal.wrap(work),
      ledger: mortal.wrap(ledger),
      openOutput: (location: string, jobId: string) => mortal.wrap(openOutput(location, jobId)),
      clock,
    };
    const starter = { world, executions: mortal.wrap(this.executions) };
    return startJob(starter, record, { run: { ...runOptions, overwrite, workers, budgetUsd }, ended });
  }

  /** What the machine writes on its way. */
  async move(jobId: string, ...states: readonly JobState[]): Promise<void> {
    for (const state of states) {
      const job = await this.world.ledger.readJob(jobId);
      const { kind } = await this.world.ledger.setJobState(jobId, job!.state, state, job!.run);
      expect(kind).toBe('moved');
    }
  }

  /** The run to its good end, with one part at the output. */
  async finish(record: JobRecord, run: number, names = ['part-00000.tsv']): Promise<void> {
    await this.move(record.jobId, 'COMMITTING');
    const output = this.world.openOutput(record.output, record.jobId);
    const writer = await output.stage('part-00000.tsv', `attempt-${record.jobId}`);
    await writer.write(Buffer.from('a\t1\n'));
    await output.publish(await writer.finish());
    const parts = names.map((name) => ({ name, records: 1, bytes: 4, crc32: 0 }));
    await output.writeSuccess(
      encodeSuccess({
        format: 1,
        jobId: record.jobId,
        name: record.name,
        createdAtMs: 0,
        parts: parts as never,
        counters: {},
        receipt: {} as never,
      }),
    );
    await this.move(record.jobId, 'DONE');
    this.executions.end(`${record.jobId}-${run}`, { status: 'SUCCEEDED' });
  }

  async fail(record: JobRecord, run: number): Promise<void> {
    await this.move(record.jobId, 'FAILED');
    this.executions.end(`${record.jobId}-${run}`, { status: 'FAILED' });
  }

  async removeOutput(record: JobRecord): Promise<void> {
    await this.world.openOutput(record.output, 'somebody').clear([], -1);
  }
}

const kinds = (answers: readonly StartedJob[]) => answers.map(({ kind }) => kind);

describe('startJob', () => {
  it('starts a job as run 1, with the record of that run beside it', async () => {
    const stack = new Stack();
    const record = recordOf();
    expect(await stack.start(record, { workers: 7 })).toMatchObject({ kind: 'started', run: 1 });
    expect(stack.executions.started).toEqual([{ name: `${record.jobId}-1`, input: { jobId: record.jobId, run: 1 } }]);
    expect(await readJson(stack.world, runKey(record.jobId, 1))).toEqual({ format: 1, run: 1, ...runOptions, workers: 7 });
    expect(await stack.world.ledger.readJob(record.jobId)).toMatchObject({ run: 1, executionId: `${record.jobId}-1` });
  });

  it('starts the same job once, one after another or many at the same time', async () => {
    const stack = new Stack();
    const record = recordOf();
    const together = await Promise.all(Array.from({ length: 8 }, () => stack.start(record)));
    expect(new Set(kinds(together))).toEqual(new Set(['started']));
    expect(kinds([await stack.start(record)])).toEqual(['running']);
    expect(stack.executions.names()).toEqual([`${record.jobId}-1`]);
  });

  it('is gone on from wherever a starter died, and the job starts once', async () => {
    const record = recordOf();
    const whole = new Mortal();
    await new Stack().start(record, { mortal: whole });
    expect(whole.calls).toBeGreaterThan(10);
    for (let call = 0; call < whole.calls; call++) {
      for (const when of ['before', 'after'] as const) {
        const stack = new Stack();
        await expect(stack.start(record, { mortal: new Mortal(call, when) })).rejects.toThrow(Died);
        const answer = await stack.start(record);
        expect({ call, when, run: 'run' in answer && answer.run, names: stack.executions.names() }).toEqual({
          call,
          when,
          run: 1,
          names: [`${record.jobId}-1`],
        });
        expect(await readJson(stack.world, runKey(record.jobId, 1))).toBeDefined();
      }
    }
  });

  it('takes a job that has failed up as the next run, wherever a starter of that died', async () => {
    const record = recordOf();
    for (let call = 0; call < 25; call++) {
      for (const when of ['before', 'after'] as const) {
        const stack = new Stack();
        await stack.start(record);
        await stack.fail(record, 1);
        await stack
          .start(record, { mortal: new Mortal(call, when) })
          .catch((error: unknown) => expect(error).toBeInstanceOf(Died));
        expect(await stack.start(record)).toMatchObject({ run: 2 });
        expect(stack.executions.names()).toEqual([`${record.jobId}-1`, `${record.jobId}-2`]);
      }
    }
  });

  it('takes no job up that has used its budget up, and one that has some of it left', async () => {
    const stack = new Stack();
    const record = recordOf();
    const { ledger, clock } = stack.world;
    await stack.start(record, { budgetUsd: 0.001 });
    const task = { jobId: record.jobId, step: 0, phase: 'map', index: 0 } as const;
    await ledger.beginAttempt(task, 'a0', 2 ** 30);
    await clock.sleep(100_000);
    await ledger.commit(task, 'a0', { kind: 'map', segmentKey: 's', segmentBytes: 1, footerStart: 0 });
    await stack.fail(record, 1);
    const before = await ledger.readJob(record.jobId);
    await expect(stack.start(record, { budgetUsd: 0.001 })).rejects.toMatchObject({
      code: 'REFOLD_BUDGET_EXCEEDED',
      values: { budgetUsd: 0.001 },
    });
    expect(await ledger.readJob(record.jobId)).toEqual(before);
    expect(stack.executions.names()).toEqual([`${record.jobId}-1`]);
    expect(await stack.start(record, { budgetUsd: 1 })).toMatchObject({ kind: 'started', run: 2 });
    await stack.move(record.jobId, 'COMMITTING');
    stack.executions.end(`${record.jobId}-2`, { status: 'ABORTED' });
    expect(await stack.start(record, { budgetUsd: 0.001 })).toMatchObject({ kind: 'started', run: 3 });
  });

  it('resumes once when several resume at the same time', async () => {
    const stack = new Stack();
    const record = recordOf();
    await stack.start(record);
    await stack.fail(record, 1);
    await Promise.all([1, 2, 3].map(() => stack.start(record)));
    expect(stack.executions.names()).toEqual([`${record.jobId}-1`, `${record.jobId}-2`]);
  });

  it('leaves a job that has ended as it is when told so, as a repeated event must', async () => {
    const stack = new Stack();
    const record = recordOf();
    await stack.start(record, { ended: 'leave' });
    expect(await stack.start(record, { ended: 'leave' })).toMatchObject({ kind: 'running', run: 1 });
    await stack.fail(record, 1);
    expect(await stack.start(record, { ended: 'leave' })).toMatchObject({ kind: 'left', run: 1 });
    const done = recordOf({ name: 'done', output: 's3://out/done' });
    await stack.start(done, { ended: 'leave' });
    await stack.finish(done, 1);
    await stack.removeOutput(done);
    expect(await stack.start(done, { ended: 'leave' })).toMatchObject({ kind: 'left', run: 1 });
    expect(stack.executions.names()).toHaveLength(2);
  });

  it('stops the execution of a job that was cancelled before it starts the next', async () => {
    const stack = new Stack();
    const record = recordOf();
    await stack.start(record);
    await cancelJob(stack.world.ledger, record.jobId);
    expect(await stack.start(record)).toMatchObject({ kind: 'started', run: 2 });
    expect(await stack.executions.describe(`${record.jobId}-1`)).toMatchObject({ status: 'ABORTED' });
  });

  it('goes on with the next run when an execution ended and nobody wrote so', async () => {
    const stack = new Stack();
    const record = recordOf();
    await stack.start(record);
    await stack.move(record.jobId, 'MAPPING');
    stack.executions.end(`${record.jobId}-1`, { status: 'TIMED_OUT' });
    expect(await stack.start(record)).toMatchObject({ kind: 'started', run: 2 });
    expect(await stack.world.ledger.readJob(record.jobId)).toMatchObject({ state: 'MAPPING', run: 2 });
  });

  it('passes over names of executions that are used up', async () => {
    const stack = new Stack();
    const record = recordOf();
    for (const run of [1, 2, 3]) stack.executions.end(`${record.jobId}-${run}`, { status: 'SUCCEEDED' });
    expect(await stack.start(record)).toMatchObject({ kind: 'started', run: 4 });
    expect(stack.executions.names()).toEqual([`${record.jobId}-4`]);
  });

  it('answers a job that is done with what it left', async () => {
    const stack = new Stack();
    const record = recordOf();
    await stack.start(record);
    await stack.finish(record, 1);
    expect(await stack.start(record)).toMatchObject({ kind: 'done', success: { jobId: record.jobId } });
    expect(stack.executions.names()).toHaveLength(1);
  });

  it('runs a job anew whose output is gone, under one id however many start it, and again and again', async () => {
    const stack = new Stack();
    const record = recordOf();
    await stack.start(record);
    await stack.finish(record, 1);
    await stack.removeOutput(record);
    const [second] = await Promise.all([1, 2, 3].map(() => stack.start(record)));
    expect(second).toMatchObject({ kind: 'started', run: 1 });
    expect(second!.record.jobId).not.toBe(record.jobId);
    expect(stack.executions.names()).toEqual([`${record.jobId}-1`, `${second!.record.jobId}-1`]);
    await stack.finish(second!.record, 1);
    expect(await stack.start(record)).toMatchObject({ kind: 'done', success: { jobId: second!.record.jobId } });
    await stack.removeOutput(record);
    const third = await stack.start(record);
    expect(stack.executions.names()).toEqual([record, second!.record, third.record].map(({ jobId }) => `${jobId}-1`));
  });

  it('may replace what is left of an output of which parts are missing, and nothing that is beside it', async () => {
    const stack = new Stack();
    const record = recordOf();
    await stack.start(record);
    await stack.finish(record, 1, ['part-00000.tsv', 'part-00001.tsv']);
    const next = await stack.start(record);
    expect(next).toMatchObject({ kind: 'started', run: 1 });
    expect(await readJson(stack.world, runKey(next.record.jobId, 1))).toMatchObject({ overwrite: true });
    const other = new Stack();
    await other.start(record);
    await other.finish(record, 1, ['part-00001.tsv']);
    await expect(other.start(record)).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_OCCUPIED' });
  });

  it('refuses an output that holds something else, before anything runs', async () => {
    const stack = new Stack();
    const first = recordOf({ name: 'first' });
    await stack.start(first);
    await stack.finish(first, 1);
    const second = recordOf({ name: 'second' });
    await expect(stack.start(second)).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_OCCUPIED' });
    expect(await stack.world.ledger.readJob(second.jobId)).toBeUndefined();
    expect(await stack.start(second, { overwrite: true })).toMatchObject({ kind: 'started' });
  });
});

describe('the lease of an output', () => {
  const first = recordOf({ name: 'first' });
  const second = recordOf({ name: 'second' });

  it('keeps a second job off while the first runs, and is free when that has ended', async () => {
    const stack = new Stack();
    await stack.start(first);
    await expect(stack.start(second)).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_LEASED' });
    await stack.fail(first, 1);
    expect(await stack.start(second)).toMatchObject({ kind: 'started', run: 1 });
    await expect(stack.start(first)).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_LEASED' });
  });

  it('leaves nothing of a job that it keeps off, and all of one that had run before', async () => {
    const stack = new Stack();
    await stack.start(first);
    await stack.fail(first, 1);
    await stack.start(second);
    const third = recordOf({ name: 'third' });
    const before = await stack.world.ledger.readJob(first.jobId);
    for (const refused of [first, third]) {
      await expect(stack.start(refused)).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_LEASED' });
    }
    expect(await stack.world.ledger.readJob(first.jobId)).toEqual(before);
    expect(await stack.world.ledger.readJob(third.jobId)).toBeUndefined();
    expect(await stack.world.work.head(jobKey(third.jobId))).toBeUndefined();
  });

  it('is one of two jobs that start at once, wherever one overtakes the other', async () => {
    const whole = new Mortal();
    await new Stack().start(first, { mortal: whole });
    for (let call = 0; call < whole.calls; call++) {
      const stack = new Stack();
      const overtaken = new Overtaken(call, async () => {
        await stack.start(second).catch((error: { code: string }) => expect(error.code).toBe('REFOLD_OUTPUT_LEASED'));
      });
      await stack
        .start(first, { mortal: overtaken })
        .catch((error: { code: string }) => expect(error.code).toBe('REFOLD_OUTPUT_LEASED'));
      expect(stack.executions.names(), `overtaken at call ${call}`).toHaveLength(1);
    }
  });

  it('is taken from a job whose execution ended without a word, which then is known as failed', async () => {
    const stack = new Stack();
    await stack.start(first);
    stack.executions.end(`${first.jobId}-1`, { status: 'ABORTED', error: 'Console', cause: 'by hand' });
    expect(await stack.start(second)).toMatchObject({ kind: 'started' });
    expect(await stack.world.ledger.readJob(first.jobId)).toMatchObject({
      state: 'FAILED',
      error: { code: 'REFOLD_EXECUTION_ENDED', message: expect.stringContaining('ABORTED: Console: by hand') },
    });
  });

  it('is left to a job that is committing, though nothing runs it', async () => {
    const stack = new Stack();
    await stack.start(first);
    await stack.move(first.jobId, 'COMMITTING');
    stack.executions.end(`${first.jobId}-1`, { status: 'ABORTED' });
    await expect(stack.start(second)).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_LEASED' });
    expect(await stack.start(first)).toMatchObject({ kind: 'started', run: 2 });
  });

  it('is taken from a starter that died, wherever it did, and only after a while', async () => {
    const whole = new Mortal();
    await new Stack().start(first, { mortal: whole });
    for (let call = 0; call < whole.calls; call++) {
      const stack = new Stack();
      await stack.start(first, { mortal: new Mortal(call) }).catch(() => {});
      const started = stack.executions.names().length;
      const soon = await stack.start(second).catch((error: { code: string }) => error.code);
      if (typeof soon === 'string') {
        expect(soon).toBe('REFOLD_OUTPUT_LEASED');
        await stack.world.clock.sleep(61_000);
        expect(await stack.start(second)).toMatchObject({ kind: 'started' });
      }
      expect(stack.executions.names().slice(started)).toEqual([`${second.jobId}-1`]);
    }
  });

  it('is not taken from a starter that may be merely slow', async () => {
    const stack = new Stack();
    const whole = new Mortal();
    await new Stack().start(first, { mortal: whole });
    await stack.start(first, { mortal: new Mortal(whole.calls - 1) }).catch(() => {});
    await stack.world.clock.sleep(59_000);
    await expect(stack.start(second)).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_LEASED' });
    expect(await stack.start(first)).toMatchObject({ kind: 'started', run: 1 });
  });

  it('is not given back to a slow starter: its execution never starts', async () => {
    const stack = new Stack();
    const { ledger } = stack.world;
    let overtaken = false;
    const startRun = ledger.startRun.bind(ledger);
    ledger.startRun = async (jobId, run, executionId) => {
      if (jobId === first.jobId && !overtaken) {
        overtaken = true;
        await stack.world.clock.sleep(61_000);
        expect(await stack.start(second)).toMatchObject({ kind: 'started' });
      }
      return await startRun(jobId, run, executionId);
    };
    await expect(stack.start(first)).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_LEASED' });
    expect(stack.executions.names()).toEqual([`${second.jobId}-1`]);
  });
});
