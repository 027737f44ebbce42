import { beforeEach, describe, expect, it } from 'vitest';
import { AwsJob } from '../../../lib/aws/connect/aws-job.ts';
import { startJob } from '../../../lib/aws/start/start-job.ts';
import { type MemoryWorld, memoryWorld } from '../../../lib/memory/memory-world.ts';
import { encodeSuccess } from '../../../lib/output/success-file.ts';
import type { JobState } from '../../../lib/ports/task-ledger.ts';
import { recordOf, runOptions } from '../job-record.ts';
import { MemoryExecutions } from '../memory-executions.ts';

const record = recordOf();
const { jobId } = record;
const failure = { name: 'UserError', code: 'REFOLD_USER', message: 'bad', retryable: false };

let world: MemoryWorld;
let executions: MemoryExecutions;
let job: AwsJob;

beforeEach(async () => {
  world = memoryWorld();
  executions = new MemoryExecutions();
  await startJob({ world, executions }, record, { run: runOptions, ended: 'take-up' });
  job = new AwsJob({ world, executions }, jobId);
});

const move = (from: JobState, to: JobState, run = 1, error?: typeof failure) =>
  world.ledger.setJobState(jobId, from, to, run, error && { error });

/** Calls them one after another, one in each sleep of whoever polls. */
function meanwhile(...steps: readonly (() => unknown)[]): void {
  const sleep = world.clock.sleep.bind(world.clock);
  const left = [...steps];
  world.clock.sleep = async (ms, signal) => {
    await left.shift()?.();
    await sleep(ms, signal);
  };
}

async function finish(): Promise<void> {
  const success = { format: 1, jobId, name: 'count', createdAtMs: 0, parts: [], counters: {}, receipt: {} as never } as const;
  await world.openOutput(record.output, jobId).writeSuccess(encodeSuccess(success));
  await move('COMMITTING', 'DONE');
  executions.end(`${jobId}-1`, { status: 'SUCCEEDED' });
}

describe('the result of a job on AWS', () => {
  it('comes when the ledger says DONE', async () => {
    meanwhile(
      () => move('PLANNING', 'MAPPING'),
      () => move('MAPPING', 'COMMITTING'),
      finish,
    );
    expect(await job.result()).toMatchObject({ jobId });
  });

  it('is asked for at growing intervals, ten seconds at most', async () => {
    const waits: number[] = [];
    const sleep = world.clock.sleep.bind(world.clock);
    world.clock.sleep = async (ms, signal) => {
      waits.push(ms);
      if (waits.length === 20) await move('PLANNING', 'FAILED', 1, failure);
      await sleep(ms, signal);
    };
    await expect(job.result()).rejects.toMatchObject({ code: 'REFOLD_USER' });
    expect(waits[0]).toBeLessThan(500);
    expect(waits.at(-1)).toBe(10_000);
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
  });

  it("is the job's own failure, or that it was cancelled", async () => {
    await move('PLANNING', 'FAILED', 1, failure);
    await expect(job.result()).rejects.toMatchObject({ code: 'REFOLD_USER', message: 'bad' });
    await startJob({ world, executions }, record, { run: runOptions, ended: 'take-up' });
    await move('PLANNING', 'CANCELLED', 2);
    await expect(job.result()).rejects.toMatchObject({ code: 'REFOLD_CANCELLED' });
  });

  it('is what the execution ended with when nobody writes that down', async () => {
    executions.end(`${jobId}-1`, { status: 'TIMED_OUT' });
    await expect(job.result()).rejects.toMatchObject({
      code: 'REFOLD_EXECUTION_ENDED',
      message: expect.stringContaining('TIMED_OUT'),
    });
    expect(world.clock.nowMs()).toBeGreaterThan(30_000);
  });

  it('is that of the mark when it comes in time, and of the next run when one is started', async () => {
    executions.end(`${jobId}-1`, { status: 'ABORTED' });
    meanwhile(
      () => {},
      () => startJob({ world, executions }, record, { run: runOptions, ended: 'take-up' }),
      ...Array.from({ length: 20 }, () => () => {}),
      () => move('PLANNING', 'FAILED', 2, failure),
    );
    await expect(job.result()).rejects.toMatchObject({ code: 'REFOLD_USER' });
  });

  it('gives each run its own time to be marked', async () => {
    const endNext = async () => {
      if (world.clock.nowMs() < 20_000 || executions.names().length > 1) return;
      await startJob({ world, executions }, record, { run: runOptions, ended: 'take-up' });
      executions.end(`${jobId}-2`, { status: 'ABORTED' });
    };
    executions.end(`${jobId}-1`, { status: 'ABORTED' });
    meanwhile(...Array.from({ length: 30 }, () => endNext));
    await expect(job.result()).rejects.toMatchObject({ message: expect.stringContaining('run 2') });
    expect(world.clock.nowMs()).toBeGreaterThan(55_000);
  });

  it('can be waited for no longer', async () => {
    const stopping = new AbortController();
    meanwhile(() => stopping.abort(new Error('enough')));
    await expect(job.result({ signal: stopping.signal })).rejects.toThrow('enough');
  });
});

describe('cancelling a job on AWS', () => {
  it('ends it in the ledger first, and then its execution', async () => {
    await job.cancel();
    expect(await world.ledger.readJob(jobId)).toMatchObject({ state: 'CANCELLED' });
    expect(await executions.describe(`${jobId}-1`)).toMatchObject({ status: 'ABORTED' });
  });

  it('waits for one that is committing', async () => {
    await move('PLANNING', 'COMMITTING');
    meanwhile(() => {}, finish);
    await job.cancel();
    expect(await world.ledger.readJob(jobId)).toMatchObject({ state: 'DONE' });
    expect(await job.result()).toMatchObject({ jobId });
  });

  it('cancels one that comes back from committing', async () => {
    await move('PLANNING', 'COMMITTING');
    const task = { jobId, step: 0, phase: 'reduce', index: 0 } as const;
    await world.ledger.commit(task, 'a1', { kind: 'reduce', attemptKey: 'k', digest: '', generation: 0 });
    meanwhile(
      () => {},
      () => world.ledger.invalidate(task, 'a1', 1),
    );
    await job.cancel();
    expect(await world.ledger.readJob(jobId)).toMatchObject({ state: 'CANCELLED' });
  });

  it('leaves a job that has ended as it is', async () => {
    await move('PLANNING', 'FAILED', 1, failure);
    await job.cancel();
    expect(await world.ledger.readJob(jobId)).toMatchObject({ state: 'FAILED' });
  });
});

describe('a job on AWS', () => {
  it('tells its status each time it has changed, until it has ended', async () => {
    meanwhile(
      () => {},
      () => move('PLANNING', 'MAPPING'),
      () => {},
      () => move('MAPPING', 'FAILED', 1, failure),
    );
    const states: string[] = [];
    for await (const { state } of job.events()) states.push(state);
    expect(states).toEqual(['PLANNING', 'MAPPING', 'FAILED']);
    expect(await job.status()).toMatchObject({ state: 'FAILED', error: { code: 'REFOLD_USER' } });
  });

  it('refuses another number of workers, and says what to do', () => {
    expect(() => job.scale(7)).toThrow(
      expect.objectContaining({ code: 'REFOLD_SCALE_REFUSED', hint: expect.stringContaining('--workers 7') }),
    );
  });
});
