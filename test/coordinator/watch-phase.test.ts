import { describe, expect, it } from 'vitest';
import { priceUsage } from '../../lib/aws/cost/price-usage.ts';
import { settleWorkers } from '../../lib/aws/lambda/account-workers.ts';
import { type RunRecord, readRunRecord } from '../../lib/aws/start/run-record.ts';
import type { WatchCall } from '../../lib/coordinator/machine-call.ts';
import { watchPhase } from '../../lib/coordinator/watch-phase.ts';
import { type MemoryWorld, memoryWorld } from '../../lib/memory/memory-world.ts';
import type { Phase } from '../../lib/ports/task-ledger.ts';
import { encodeJson } from '../../lib/work/json-object.ts';
import { stepPlanKey } from '../../lib/work/work-layout.ts';

const GIB = 2 ** 30;
/** The call has five events, the choice and the wait two each. */
const EVENTS_PER_TURN = 9;
const CALL: WatchCall = {
  jobId: 'j',
  run: 1,
  at: { next: 'map', step: 0, bucket: 'b', key: 'k', groupConcurrency: 1, taskConcurrency: 1, watch: true },
};

async function planned(splits: number): Promise<MemoryWorld> {
  const world = memoryWorld();
  await world.work.put(stepPlanKey('j', 0), encodeJson({ step: 0, splits }));
  return world;
}

const task = (index: number, phase: Phase = 'map') => ({ jobId: 'j', step: 0, phase, index });
const commit = (world: MemoryWorld, index: number) =>
  world.ledger.commit(task(index), `a${index}`, { kind: 'map', segmentKey: 's', segmentBytes: 1, footerStart: 0 });
const price: Parameters<typeof watchPhase>[3] = (tasks, nowMs) => priceUsage(tasks, nowMs).usd;

describe('watchPhase', () => {
  async function waits(rounds: number): Promise<readonly number[]> {
    const world = await planned(1);
    const seconds: number[] = [];
    let call = CALL;
    for (let round = 0; round < rounds; round++) {
      const answer = await watchPhase(world, call, 1, price);
      seconds.push(answer.seconds);
      call = { ...CALL, watch: answer };
    }
    return seconds;
  }

  it('waits longer and longer: a minute soon, and slowly more', async () => {
    expect(await waits(9)).toEqual([5, 8, 12, 18, 27, 41, 60, 62, 64]);
    let elapsed = 0;
    for (const seconds of await waits(200)) {
      expect(seconds).toBeLessThanOrEqual(Math.min(300, 60 + elapsed / 20));
      elapsed += seconds;
    }
  });

  it('watches for more than a week within the history of one execution', async () => {
    const turns = Math.floor(25_000 / EVENTS_PER_TURN);
    const seconds = await waits(turns);
    expect(seconds.at(-1)).toBe(300);
    expect(seconds.reduce((sum, wait) => sum + wait, 0)).toBeGreaterThan(7 * 86_400);
  });

  it('sees the end of the phase when every task is committed, whatever it has cost', async () => {
    const world = await planned(2);
    await world.ledger.beginAttempt(task(0), 'a0', GIB);
    await commit(world, 0);
    expect(await watchPhase(world, CALL, 1, price)).toMatchObject({ next: 'wait' });
    await world.ledger.beginAttempt(task(1), 'a1', GIB);
    await world.clock.sleep(1e9);
    await commit(world, 1);
    expect(await watchPhase(world, CALL, 0, price)).toMatchObject({ next: 'phaseDone' });
  });

  it('counts what runs, what has ended and what earlier phases have cost', async () => {
    const world = await planned(3);
    await world.ledger.beginAttempt(task(0), 'a0', GIB);
    await world.clock.sleep(100_000);
    await commit(world, 0);
    await world.ledger.beginAttempt(task(1), 'a1', GIB);
    await world.clock.sleep(100_000);
    await world.ledger.beginAttempt(task(0, 'reduce'), 'r0', GIB);
    await world.clock.sleep(100_000);
    // 100 + 200 + 100 GB-seconds, and little else.
    const usd = 400 * 0.0000133334;
    expect(await watchPhase(world, CALL, usd * 1.02, price)).toMatchObject({ next: 'wait' });
    await expect(watchPhase(world, CALL, usd * 0.99, price)).rejects.toMatchObject({
      code: 'REFOLD_BUDGET_EXCEEDED',
      retryable: false,
      values: { jobId: 'j', costUsd: expect.closeTo(usd, 3) },
    });
  });

  it('has no opinion on money where there is no budget', async () => {
    const world = await planned(1);
    await world.ledger.beginAttempt(task(0), 'a0', 100 * GIB);
    await world.clock.sleep(1e9);
    expect(await watchPhase(world, CALL, null, price)).toMatchObject({ next: 'wait' });
  });
});

describe('settleWorkers', () => {
  const record: RunRecord = {
    format: 1,
    run: 1,
    workers: 0,
    concurrency: 1,
    recordTimeoutMs: 1,
    budgetUsd: null,
    overwrite: false,
  };

  it.each([
    { quota: 1_000, workers: 900 },
    { quota: 10, workers: 9 },
    { quota: 1, workers: 1 },
    { quota: 50_000, workers: 10_000 },
  ])('leaves a part of the quota of $quota to others', async ({ quota, workers }) => {
    const world = memoryWorld();
    expect(await settleWorkers(world, 'j', record, async () => quota)).toEqual({ ...record, workers });
    expect(await readRunRecord(world, 'j', 1)).toEqual({ ...record, workers });
  });

  it('asks nobody where the run says it', async () => {
    const world = memoryWorld();
    const refuse = () => Promise.reject(new Error('not asked'));
    expect(await settleWorkers(world, 'j', { ...record, workers: 7 }, refuse)).toMatchObject({ workers: 7 });
  });
});
