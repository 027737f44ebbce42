import { defineJob, type Emit, type Job } from 'refold';
import { beforeAll, describe, expect, it } from 'vitest';
import { advanceJob } from '../../lib/coordinator/advance-job.ts';
import { readStepAccounts } from '../../lib/coordinator/build-receipt.ts';
import { buildShuffle } from '../../lib/coordinator/build-shuffle.ts';
import type { MapNext, TaskGroup } from '../../lib/coordinator/machine-call.ts';
import { TaskPrograms } from '../../lib/coordinator/run-task.ts';
import { assert } from '../../lib/errors.ts';
import type { JobRecord } from '../../lib/job/job-record.ts';
import { type MemoryWorld, memoryWorld } from '../../lib/memory/memory-world.ts';
import { planStep } from '../../lib/split/plan-step.ts';
import { ROWS_PER_CHUNK, type StepPlan } from '../../lib/split/step-plan.ts';
import { readJsonArray } from '../../lib/work/json-array.ts';
import { controlOf, openRecord } from '../support/open-record.ts';

const OPTIONS = { soloBytes: 0, reduceTasks: 1, splitBytes: 5, memoryBytes: 2 ** 20 };
const TASKS = 2 * ROWS_PER_CHUNK + 500;

/** What a job with very many tasks must not hold at once, told by the order in which the ports are called. */
describe('a job of very many map tasks', () => {
  const world = memoryWorld();
  const calls: string[] = [];
  const log = (call: string) => void calls.push(call);
  let record: JobRecord;
  let plan: StepPlan;

  beforeAll(async () => {
    logCalls(world, log);
    const job = countJob();
    world.input.write('in', 'word\n'.repeat(TASKS));
    record = await openRecord(world, job, OPTIONS);
    plan = await planOnly(world, record);
    await runMaps(world, job, record, () => log('map task'));
    log('phase ended');
    expect(await buildShuffle(world, record, plan, 1)).toBe('built');
  });

  it('is planned a chunk of splits at a time', () => {
    expect(plan.splits).toBe(TASKS);
    expect(plan.chunks).toHaveLength(3);
  });

  it('reads its plan once a sandbox, not once a task', () => {
    const first = calls.indexOf('map task');
    const reads = calls.slice(first, calls.indexOf('phase ended')).filter((call) => call === 'read plan.json');
    expect(calls.filter((call) => call === 'map task')).toHaveLength(TASKS);
    expect(reads).toHaveLength(1);
  });

  it('has its segments indexed a chunk at a time, while the ledger is read page by page', () => {
    const shuffle = calls.slice(calls.indexOf('phase ended')).filter((call) => call === 'page of tasks' || call === 'put .idx');
    const firstChunk = shuffle.indexOf('put .idx');
    expect(firstChunk).toBeLessThan(shuffle.lastIndexOf('page of tasks'));
    expect(shuffle.filter((call) => call === 'put .idx')).toHaveLength(3);
  });
});

describe('a job of very many map tasks without reduce', () => {
  it('is committed with few bytes in memory for an attempt and its part', async () => {
    const world = memoryWorld();
    const job = defineJob({ map: (line, emit: Emit<string, number>) => emit(line, 1) }) as Job;
    world.input.write('in', 'word\n'.repeat(ROWS_PER_CHUNK));
    const record = await openRecord(world, job, OPTIONS);
    await planOnly(world, record);
    await runMaps(world, job, record);
    const accounts = await readStepAccounts(world, record, 1, [0]);
    assert(accounts !== 'lost', 'nothing was lost');
    const { winners, parts } = accounts[0]!;
    expect([winners.length, parts.length]).toEqual([ROWS_PER_CHUNK, ROWS_PER_CHUNK]);
    expect((winners.packedBytes + parts.packedBytes) / ROWS_PER_CHUNK).toBeLessThan(150);
  });
});

function planOnly(world: MemoryWorld, record: JobRecord): Promise<StepPlan> {
  return planStep(world, record, 0, () => Promise.reject(new Error('there is no earlier step')));
}

async function runMaps(world: MemoryWorld, job: Job, record: JobRecord, onTask = (): void => {}): Promise<void> {
  const { key } = (await advanceJob({ world, workers: 2, overwrite: false }, record, 1, 0)) as MapNext;
  const programs = new TaskPrograms(world, job);
  for await (const { tasks } of readJsonArray(world, key) as AsyncGenerator<TaskGroup>) {
    for (const task of tasks) {
      onTask();
      const call = { jobId: 'job', run: 1, step: 0, task };
      await programs.run({ role: 'map', call, concurrency: 1 }, controlOf(world));
    }
  }
}

function countJob(): Job {
  return defineJob({
    map(line, emit: Emit<string, number>) {
      emit(line, 1);
    },
    reduce(word, values, emit: Emit<string, number>) {
      emit(word, [...values].length);
    },
  }) as Job;
}

function logCalls({ work, ledger }: MemoryWorld, log: (call: string) => void): void {
  const read = work.read.bind(work);
  work.read = (key) => {
    log(`read ${key.split('/').at(-1)}`);
    return read(key);
  };
  const put = work.put.bind(work);
  work.put = (key, bytes) => {
    if (key.endsWith('.idx')) log('put .idx');
    return put(key, bytes);
  };
  const readTasks = ledger.readTasks.bind(ledger);
  ledger.readTasks = async function* (jobId, step, phase) {
    for await (const page of readTasks(jobId, step, phase)) {
      log('page of tasks');
      yield page;
    }
  };
}
