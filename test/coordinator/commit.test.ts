import { defineJob, type Emit, type Job } from 'refold';
import { describe, expect, it } from 'vitest';
import { check } from '../../lib/coordinator/check.ts';
import { commit } from '../../lib/coordinator/commit.ts';
import { RunReplacedError } from '../../lib/coordinator/job-access.ts';
import type { CheckAnswer, CommitAnswer, PlanAnswer, PlanReduceAnswer, TaskGroup } from '../../lib/coordinator/machine-call.ts';
import { plan } from '../../lib/coordinator/plan.ts';
import { planReduce } from '../../lib/coordinator/plan-reduce.ts';
import { TaskPrograms } from '../../lib/coordinator/run-task.ts';
import { contentOptionsOf, resolveJobOptions } from '../../lib/job/job-options.ts';
import { shapeOf } from '../../lib/job/job-shape.ts';
import { RecordCursor } from '../../lib/job/record-cursor.ts';
import { type MemoryWorld, memoryWorld } from '../../lib/memory/memory-world.ts';
import type { OutputStore } from '../../lib/ports/output-store.ts';
import type { OutputResult, TaskId } from '../../lib/ports/task-ledger.ts';
import type { World } from '../../lib/ports/world.ts';
import { ReceiptError } from '../../lib/shuffle/map-totals.ts';
import { listInput } from '../../lib/split/list-input.ts';
import { encodeJson } from '../../lib/work/json-object.ts';
import { jobKey } from '../../lib/work/work-layout.ts';

type At = PlanAnswer | CheckAnswer | PlanReduceAnswer | CommitAnswer | { readonly next: 'plan'; readonly step: number };
type Call<F extends (...args: never[]) => unknown> = Parameters<F>[1];

const PARTS = 3;
const words = ['ant', 'bee', 'cat', 'dog', 'eel', 'fox', 'gnu', 'hen'];

/** Counts words; what `greeting` says is counted with each line, so that tests can make map give something else. */
function countingJob(greeting: () => string): Job {
  return defineJob({
    map(line, emit: Emit<string, number>) {
      for (const word of `${line} ${greeting()}`.split(' ')) emit(word, 1);
    },
    reduce(word, values, emit: Emit<string, number>) {
      emit(word, [...values].length);
    },
  }) as Job;
}

/** A job of two map and three reduce tasks in a world of its own, driven by hand. */
class DrivenJob {
  readonly world: MemoryWorld = memoryWorld();
  /** What `publish` and `writeSuccess` did, with the state the job was in. */
  readonly seen: string[] = [];
  /** Attempt files that were read. */
  filesRead = 0;
  attemptsPerCall: number | undefined;
  greeting = 'hello';
  /** Called before `_SUCCESS` is written. */
  beforeSuccess = (): void => {};
  run = 1;
  private readonly programs: TaskPrograms;
  private readonly job = countingJob(() => this.greeting);
  private readonly watched: World;

  constructor() {
    const { world } = this;
    const read = world.work.read.bind(world.work);
    world.work.read = (key) => {
      if (/\/reduce\/\d+\/.*\.json$/.test(key)) this.filesRead += 1;
      return read(key);
    };
    this.watched = { ...world, openOutput: (location, jobId) => this.watch(world.openOutput(location, jobId)) };
    this.programs = new TaskPrograms(this.watched, this.job);
  }

  static async started(): Promise<DrivenJob> {
    const driven = new DrivenJob();
    const { world, job } = driven;
    for (const name of ['a', 'b']) world.input.write(`in/${name}`, `${words.join(' ')}\n`);
    const shape = shapeOf(job);
    const options = contentOptionsOf(resolveJobOptions(1, { soloBytes: 0, reduceTasks: PARTS, splitBytes: 40 }));
    const record = {
      format: 1,
      jobId: 'job',
      fingerprint: 'f',
      name: 'count',
      code: { sha256: '', file: '' },
      shape,
      params: {},
      options,
      inputs: [await listInput(world.input, '', 'in')],
      output: 'out',
      leaseKey: 'out',
      toStdout: false,
      nodeVersion: '',
      createdAtMs: 0,
    };
    await world.work.put(jobKey('job'), encodeJson(record));
    const item = { jobId: 'job', fingerprint: 'f', name: 'count', outputPath: 'out', state: 'PLANNING' as const };
    await world.ledger.createJob({ ...item, run: 0, executionId: '', generations: [0], createdAtMs: 0, updatedAtMs: 0 });
    await world.ledger.acquireLease('out', 'job');
    await world.ledger.startRun('job', 1, 'e1');
    return driven;
  }

  /** Goes on from `at` until `until` comes next. */
  async drive(at: At, until: At['next']): Promise<At> {
    for (let steps = 0; at.next !== until; steps++) {
      expect(steps, 'steps to the end').toBeLessThan(30);
      at = await this.step(at);
    }
    return at;
  }

  /** As the state machine goes: a deciding function, or the tasks of a phase and CheckPhase after them. */
  async step(at: At): Promise<At> {
    const call = { jobId: 'job', run: this.run, at };
    const { attemptsPerCall } = this;
    const flow = {
      world: this.watched,
      workers: 1,
      overwrite: false,
      ...(attemptsPerCall !== undefined && { commitAttemptsPerCall: attemptsPerCall }),
    };
    if (at.next === 'plan') return await plan(flow, call as Call<typeof plan>);
    if (at.next === 'planReduce') return await planReduce(flow, call as Call<typeof planReduce>);
    if (at.next === 'commit') return await commit(flow, call as Call<typeof commit>);
    if (at.next !== 'map' && at.next !== 'reduce') throw new Error(`${at.next} is not expected`);
    for (const task of await this.tasksOf(at)) {
      const control = { attemptId: this.world.ids.newId(), cursor: new RecordCursor(), signal: new AbortController().signal };
      await this.programs.run({ role: at.next, call: { ...call, step: 0, task }, concurrency: 1 }, control);
    }
    return await check(flow, call as Call<typeof check>);
  }

  async tasksOf(at: At): Promise<TaskGroup['tasks']> {
    if (at.next !== 'map' && at.next !== 'reduce') throw new Error(`${at.next} has no tasks`);
    const list = JSON.parse(Buffer.from(await this.world.work.read(at.key)).toString('utf8')) as TaskGroup[];
    return list.flatMap(({ tasks }) => tasks);
  }

  /** Throws a map result out, as whoever cannot read its segment does. */
  async loseMapTask(index: number): Promise<void> {
    const task: TaskId = { jobId: 'job', step: 0, phase: 'map', index };
    const attemptId = (await this.world.ledger.readTask(task))!.commit!.attemptId;
    expect(await this.world.ledger.invalidate(task, attemptId, this.run)).toBe('invalidated');
  }

  async state(): Promise<string> {
    return (await this.world.ledger.readJob('job'))!.state;
  }

  async output(): Promise<readonly string[]> {
    const store = this.world.openOutput('out', 'job');
    const lines: string[] = [];
    for (const { name } of await store.listParts()) {
      for await (const bytes of store.readPart(name))
        lines.push(...Buffer.from(bytes).toString('utf8').split('\n').filter(Boolean));
    }
    return lines.toSorted();
  }

  private watch(store: OutputStore): OutputStore {
    const watched: Partial<OutputStore> = {
      publish: async (part) => {
        this.seen.push(`${part.name} in ${await this.state()}`);
        return store.publish(part);
      },
      writeSuccess: async (content) => {
        this.beforeSuccess();
        this.seen.push(`_SUCCESS in ${await this.state()}`);
        await store.writeSuccess(content);
      },
    };
    return new Proxy(store, {
      get: (_, name) => watched[name as keyof OutputStore] ?? store[name as keyof OutputStore].bind(store),
    });
  }
}

const expected = (greeting: string) => [...words, greeting].map((word) => `${word}\t2`).toSorted();
const start = { next: 'plan', step: 0 } as const;
const parts = Array.from({ length: PARTS }, (_, index) => `part-0000${index}.tsv in COMMITTING`);

describe('Commit', () => {
  it('shows nothing before COMMITTING, then the parts, and _SUCCESS when all of them are there', async () => {
    const job = await DrivenJob.started();
    const at = await job.drive(start, 'commit');
    expect([await job.state(), job.seen, await job.output()]).toEqual(['REDUCING', [], []]);
    await job.drive(at, 'done');
    expect(job.seen.slice(0, -1).toSorted()).toEqual(parts);
    expect(job.seen.at(-1)).toBe('_SUCCESS in COMMITTING');
    expect([await job.state(), await job.output()]).toEqual(['DONE', expected('hello')]);
  });

  it('lets go of the output when the job is done', async () => {
    const job = await DrivenJob.started();
    const at = await job.drive(start, 'commit');
    expect((await job.world.ledger.acquireLease('out', 'other')).kind).toBe('held');
    await job.drive(at, 'done');
    expect((await job.world.ledger.acquireLease('out', 'other')).kind).toBe('acquired');
  });

  it('answers done to a call that comes twice, and changes nothing', async () => {
    const job = await DrivenJob.started();
    const at = await job.drive(start, 'commit');
    await job.drive(at, 'done');
    const seen = [...job.seen];
    await job.drive(at, 'done');
    expect(job.seen).toEqual(seen);
  });

  it('goes on where it was killed: between the parts and _SUCCESS', async () => {
    const job = await DrivenJob.started();
    const at = await job.drive(start, 'commit');
    job.beforeSuccess = () => {
      throw new Error('killed');
    };
    await expect(job.step(at)).rejects.toThrow('killed');
    expect(await job.state()).toBe('COMMITTING');
    expect(await job.world.openOutput('out', 'job').readSuccess()).toBeUndefined();
    job.beforeSuccess = () => {};
    await job.drive(at, 'done');
    expect(await job.output()).toEqual(expected('hello'));
  });

  it('publishes a bounded number of attempts a call, and reads no others in between', async () => {
    const job = await DrivenJob.started();
    job.attemptsPerCall = 1;
    let at = await job.drive(start, 'commit');
    const reads: number[] = [];
    const published: number[] = [];
    while (at.next === 'commit') {
      job.filesRead = 0;
      at = await job.step(at);
      reads.push(job.filesRead);
      published.push(job.seen.filter((what) => what.startsWith('part-')).length);
    }
    expect([at.next, published, reads]).toEqual(['done', [1, 2, PARTS], [PARTS, 1, PARTS]]);
    expect(await job.output()).toEqual(expected('hello'));
  });

  it('takes back what earlier calls have published when a later one finds something gone', async () => {
    const job = await DrivenJob.started();
    job.attemptsPerCall = 1;
    const first = await job.step(await job.drive(start, 'commit'));
    expect([first.next, (await job.output()).length > 0]).toEqual(['commit', true]);
    const second = await job.world.ledger.readTask({ jobId: 'job', step: 0, phase: 'reduce', index: 1 });
    await job.world.work.delete([(second!.commit!.result as OutputResult).attemptKey]);
    const next = await job.step(first);
    expect([next.next, await job.output()]).toEqual(['reduce', []]);
    await job.drive(next, 'done');
    expect(await job.output()).toEqual(expected('hello'));
  });

  it('is refused to a run that another has replaced, also in COMMITTING', async () => {
    const job = await DrivenJob.started();
    const at = await job.drive(start, 'commit');
    await job.world.ledger.startRun('job', 2, 'e2');
    await expect(job.step(at)).rejects.toThrow(RunReplacedError);
    expect([await job.state(), job.seen]).toEqual(['REDUCING', []]);
    job.run = 2;
    job.beforeSuccess = () => {
      throw new Error('killed');
    };
    await expect(job.step(at)).rejects.toThrow('killed');
    job.beforeSuccess = () => {};
    await job.world.ledger.startRun('job', 3, 'e3');
    await expect(job.step(at)).rejects.toThrow(RunReplacedError);
    expect(await job.world.openOutput('out', 'job').readSuccess()).toBeUndefined();
  });

  it('refuses a receipt that does not balance before anything can be seen', async () => {
    const job = await DrivenJob.started();
    const at = await job.drive(start, 'commit');
    const task = await job.world.ledger.readTask({ jobId: 'job', step: 0, phase: 'reduce', index: 0 });
    const key = (task!.commit!.result as OutputResult).attemptKey;
    const file = JSON.parse(Buffer.from(await job.world.work.read(key)).toString('utf8'));
    file.reduces[0].recordsFetched += 1;
    await job.world.work.put(key, encodeJson(file));
    await expect(job.step(at)).rejects.toThrow(ReceiptError);
    expect([await job.state(), job.seen]).toEqual(['REDUCING', []]);
  });
});

describe('a map task that ran again after reduce tasks had read it', () => {
  /** All reduce tasks have committed; then a map result is lost and made anew. */
  async function afterRerun(greeting: string): Promise<{ readonly job: DrivenJob; readonly at: At }> {
    const job = await DrivenJob.started();
    const committing = await job.drive(start, 'commit');
    await job.loseMapTask(1);
    job.greeting = greeting;
    const map = await job.step(committing);
    expect(map.next).toBe('map');
    expect((await job.tasksOf(map)).map(({ index }) => index)).toEqual([1]);
    return { job, at: await job.drive(await job.step(map), 'planReduce') };
  }

  it('with the same content sends no reduce task again', async () => {
    const { job, at } = await afterRerun('hello');
    expect((await job.step(at)).next).toBe('commit');
    await job.drive(at, 'done');
    expect(await job.output()).toEqual(expected('hello'));
    const task = await job.world.ledger.readTask({ jobId: 'job', step: 0, phase: 'reduce', index: 0 });
    expect(task).toMatchObject({ attempts: 1, invalidated: [] });
  });

  it('with other content sends the reduce tasks again that had read the old one, and only those, before Commit', async () => {
    const { job, at } = await afterRerun('goodbye');
    const again = await job.step(at);
    expect(again.next).toBe('reduce');
    const indexes = (await job.tasksOf(again)).map(({ index }) => index);
    expect(indexes.length).toBeGreaterThan(0);
    await job.drive(again, 'done');
    const once = [...words.map((word) => `${word}\t2`), 'goodbye\t1', 'hello\t1'].toSorted();
    expect(await job.output()).toEqual(once);
    for (let index = 0; index < PARTS; index++) {
      const task = await job.world.ledger.readTask({ jobId: 'job', step: 0, phase: 'reduce', index });
      expect(task!.attempts).toBe(indexes.includes(index) ? 2 : 1);
    }
  });
});
