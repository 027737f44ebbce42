import { describe, expect, it } from 'vitest';
import { enterState } from '../../lib/coordinator/job-access.ts';
import { markFailed } from '../../lib/coordinator/mark-failed.ts';
import { type MemoryWorld, memoryWorld } from '../../lib/memory/memory-world.ts';
import type { JobState } from '../../lib/ports/task-ledger.ts';
import type { World } from '../../lib/ports/world.ts';

/** The states that lead to each, from PLANNING on. */
const WAYS: Readonly<Record<string, readonly JobState[]>> = {
  PLANNING: [],
  MAPPING: ['MAPPING'],
  REDUCING: ['MAPPING', 'REDUCING'],
  COMMITTING: ['REDUCING', 'COMMITTING'],
  DONE: ['COMMITTING', 'DONE'],
  CANCELLED: ['CANCELLED'],
};

async function jobIn(state: string): Promise<MemoryWorld> {
  const world = memoryWorld();
  const job = { jobId: 'j', fingerprint: 'f', name: 'j', outputPath: '/out', executionId: '', generations: [0] };
  await world.ledger.createJob({ ...job, state: 'PLANNING', run: 0, createdAtMs: 0, updatedAtMs: 0 });
  await world.ledger.startRun('j', 1, 'e1');
  let from: JobState = 'PLANNING';
  for (const to of WAYS[state]!) {
    await world.ledger.setJobState('j', from, to, 1);
    from = to;
  }
  expect(await world.ledger.readJob('j')).toMatchObject({ state, run: 1 });
  boundReads(world);
  return world;
}

/** Whoever asks again and again for what is refused would never let the test time out. */
function boundReads({ ledger }: MemoryWorld): void {
  const readJob = ledger.readJob.bind(ledger);
  let reads = 0;
  ledger.readJob = async (jobId) => {
    if (++reads > 20) throw new Error('it asks without end');
    return await readJob(jobId);
  };
}

const mark = (world: World, cause = '{"name":"Boom","code":"BOOM","message":"bang","retryable":false}') =>
  markFailed(
    { world, workers: 1, overwrite: false },
    { jobId: 'j', run: 1, at: { next: 'plan', step: 0 }, failure: { Error: 'Boom', Cause: cause } },
  );

/** The world of a coordinator that falls asleep between a read and the write it decides on; then `meanwhile` happens, once. */
function sleepy(world: MemoryWorld, meanwhile: () => Promise<unknown>): World {
  const { ledger } = world;
  const readJob = ledger.readJob.bind(ledger);
  let isFirst = true;
  ledger.readJob = async (jobId) => {
    const job = await readJob(jobId);
    if (isFirst) {
      isFirst = false;
      await meanwhile();
    }
    return job;
  };
  return world;
}

describe('markFailed', () => {
  it.each(['PLANNING', 'MAPPING', 'REDUCING'])('makes a job FAILED that was %s, with the error', async (state) => {
    const world = await jobIn(state);
    expect((await mark(world)).error).toBe('Boom');
    expect(await world.ledger.readJob('j')).toMatchObject({ state: 'FAILED', error: { code: 'BOOM', message: 'bang' } });
  });

  it.each(['COMMITTING', 'DONE', 'CANCELLED'])(
    'leaves a job alone that is %s, and tells the failure all the same',
    async (state) => {
      const world = await jobIn(state);
      const before = await world.ledger.readJob('j');
      expect((await mark(world)).error).toBe('Boom');
      expect(await world.ledger.readJob('j')).toEqual(before);
    },
  );

  it('keeps the first failure of a job', async () => {
    const world = await jobIn('MAPPING');
    await mark(world);
    await mark(world, '{"name":"Late","code":"LATE","message":"late","retryable":false}');
    expect(await world.ledger.readJob('j')).toMatchObject({ state: 'FAILED', error: { code: 'BOOM' } });
  });

  it('leaves the job to a newer run', async () => {
    const world = await jobIn('MAPPING');
    await world.ledger.startRun('j', 2, 'e2');
    await mark(world);
    expect(await world.ledger.readJob('j')).toMatchObject({ state: 'MAPPING', run: 2 });
  });

  it('leaves the job to a newer run that starts at that very moment', async () => {
    const world = await jobIn('MAPPING');
    await mark(sleepy(world, () => world.ledger.startRun('j', 2, 'e2')));
    expect(await world.ledger.readJob('j')).toMatchObject({ state: 'MAPPING', run: 2 });
  });

  it('leaves a job alone that gets to COMMITTING at that very moment', async () => {
    const world = await jobIn('REDUCING');
    await mark(sleepy(world, () => world.ledger.setJobState('j', 'REDUCING', 'COMMITTING', 1)));
    expect(await world.ledger.readJob('j')).toMatchObject({ state: 'COMMITTING' });
  });

  it('marks a job that gets to another phase at that very moment', async () => {
    const world = await jobIn('MAPPING');
    await mark(sleepy(world, () => world.ledger.setJobState('j', 'MAPPING', 'REDUCING', 1)));
    expect(await world.ledger.readJob('j')).toMatchObject({ state: 'FAILED' });
  });

  it('gives up, with an error, on a ledger that refuses without end', async () => {
    const world = await jobIn('MAPPING');
    const { ledger } = memoryWorld();
    const job = await world.ledger.readJob('j');
    let refusals = 0;
    const refusing = {
      ...world,
      ledger: Object.assign(Object.create(ledger), {
        readJob: async () => job,
        setJobState: async () => {
          refusals++;
          return { kind: 'refused', job };
        },
      }),
    };
    await expect(mark(refusing)).rejects.toMatchObject({ code: 'REFOLD_STATE_CONTESTED' });
    expect(refusals).toBe(100);
    await expect(enterState(refusing, 'j', 1, 'REDUCING')).rejects.toMatchObject({ code: 'REFOLD_STATE_CONTESTED' });
  });
});
