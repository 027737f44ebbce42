import { checkHandler } from '../../functions/check.ts';
import { commitHandler } from '../../functions/commit.ts';
import { mapHandler } from '../../functions/map.ts';
import { markFailedHandler } from '../../functions/mark-failed.ts';
import { planHandler } from '../../functions/plan.ts';
import { planReduceHandler } from '../../functions/plan-reduce.ts';
import { reduceHandler } from '../../functions/reduce.ts';
import { sampleHandler } from '../../functions/sample.ts';
import { soloHandler } from '../../functions/solo.ts';
import { watchHandler } from '../../functions/watch.ts';
import { type AttemptAccount, runToEnd } from '../../lib/aws/lambda/attempt-account.ts';
import type { AttemptReport } from '../../lib/aws/lambda/attempt-log.ts';
import { Deciding } from '../../lib/aws/lambda/deciding.ts';
import type { LambdaHandler } from '../../lib/aws/lambda/lambda-handler.ts';
import { LambdaSandbox } from '../../lib/aws/lambda/lambda-sandbox.ts';
import type { RunRecord } from '../../lib/aws/start/run-record.ts';
import { buildStateMachine, type FunctionArns, type MachineOptions } from '../../lib/coordinator/build-state-machine.ts';
import { nameJob } from '../../lib/coordinator/name-job.ts';
import { openJob } from '../../lib/coordinator/open-job.ts';
import { type SandboxTask, TaskPrograms } from '../../lib/coordinator/run-task.ts';
import type { Json } from '../../lib/coordinator/states.ts';
import type { Job } from '../../lib/job/define-job.ts';
import { type JobOptions, resolveJobOptions } from '../../lib/job/job-options.ts';
import type { JobRecord } from '../../lib/job/job-record.ts';
import { shapeOf } from '../../lib/job/job-shape.ts';
import { RecordCursor } from '../../lib/job/record-cursor.ts';
import { runMachine } from '../../lib/local/interpreter/run-machine.ts';
import { type MemoryWorld, memoryWorld } from '../../lib/memory/memory-world.ts';
import type { Sandbox, TaskLimits, TaskOutcome, TaskReport } from '../../lib/node/sandbox/sandbox-message.ts';
import { listInput } from '../../lib/split/list-input.ts';
import { encodeJson } from '../../lib/work/json-object.ts';
import { runKey } from '../../lib/work/work-layout.ts';

const MEMORY_BYTES = 2 ** 31;
/** What the account lets run at a time. */
export const CONCURRENCY = 1_000;

export type HandledOptions = {
  readonly content?: JobOptions;
  readonly run?: Partial<RunRecord>;
  readonly machine?: MachineOptions;
  /** Stands before the call of a function. */
  readonly before?: (name: string, payload: Json) => void | Promise<void>;
};

/** A job in memory whose state machine calls the real handlers, as Lambda does: events and answers are JSON, errors a name and a message. */
export class HandledJob {
  readonly world: MemoryWorld = memoryWorld();
  readonly attempts: AttemptReport[] = [];
  /** Of the task functions, by role: what was asked of the sandbox. */
  readonly limits: TaskLimits[] = [];
  readonly calls: string[] = [];
  record!: JobRecord;
  readonly #job: Job;
  readonly #options: HandledOptions;

  constructor(job: Job, options: HandledOptions = {}) {
    this.#job = job;
    this.#options = options;
  }

  /** Starts the next run, as a starter does, and takes it through the machine. */
  async run(overrides: Partial<RunRecord> = {}) {
    const { world } = this;
    const shape = shapeOf(this.#job);
    const inputs = await Promise.all(shape.outsideInputs.map((name) => listInput(world.input, name, 'in')));
    const options = resolveJobOptions(1, shape.options, this.#options.content ?? {});
    const code = { sha256: '0'.repeat(64), file: 'job.ts' };
    const named = nameJob({ code, shape, options, inputs, output: 'out', nowMs: 0 });
    this.record = { ...named, output: 'out', leaseKey: 'out', nodeVersion: process.version };
    const { jobId } = this.record;
    const opened = await openJob(world, this.record, false);
    const run = opened.kind === 'open' ? opened.item.run + 1 : 1;
    await world.ledger.startRun(jobId, run, `${jobId}-${run}`);
    const runRecord: RunRecord = {
      format: 1,
      run,
      workers: 4,
      concurrency: 1,
      recordTimeoutMs: 1_000,
      budgetUsd: null,
      overwrite: false,
      ...this.#options.run,
      ...overrides,
    };
    await world.work.putIfAbsent(runKey(jobId, run), encodeJson(runRecord));
    return await this.#runMachine(jobId, run);
  }

  async #runMachine(jobId: string, run: number) {
    const { world } = this;
    const handlers = this.handlers();
    const names = Object.keys(handlers).filter((name) => name !== 'watch');
    const arns = Object.fromEntries(names.map((name) => [name, name])) as FunctionArns;
    return await runMachine(
      buildStateMachine(arns, { ...this.#options.machine, watch: 'watch' }),
      { jobId, run },
      {
        invoke: async (name, payload) => {
          this.calls.push(name);
          await this.#options.before?.(name, payload);
          const event: unknown = JSON.parse(JSON.stringify(payload));
          return JSON.parse(JSON.stringify(await handlers[name]!(event, { getRemainingTimeInMillis: () => 900_000 })));
        },
        readJsonArray: async function* (bucket, key) {
          if (bucket !== 'work-bucket' || !key.startsWith('area/')) throw new Error(`there is no ${bucket}/${key}`);
          yield* JSON.parse(Buffer.from(await world.work.read(key.slice('area/'.length))).toString()) as unknown[];
        },
        clock: { nowMs: () => world.clock.nowMs(), sleep: () => new Promise((resolve) => setImmediate(resolve)) },
        random: () => 0,
        executionName: `${jobId}-${run}`,
      },
    );
  }

  /** One container a function: what it remembers from call to call is a container's memory. */
  handlers(): Readonly<Record<string, LambdaHandler<unknown>>> {
    const settings = { workBucket: 'work-bucket', workPrefix: 'area/' };
    const deciding = () => once(() => new Deciding({ world: this.world, settings }));
    const planning = once(() => new Deciding({ world: this.world, settings, readConcurrency: async () => CONCURRENCY }));
    const sandbox = () => once(() => this.sandbox());
    return {
      plan: planHandler(planning),
      solo: soloHandler(sandbox()),
      sample: sampleHandler(sandbox()),
      map: mapHandler(() => this.sandbox()),
      planReduce: planReduceHandler(deciding()),
      reduce: reduceHandler(() => this.sandbox()),
      check: checkHandler(deciding()),
      commit: commitHandler(deciding()),
      markFailed: markFailedHandler(deciding()),
      watch: watchHandler(deciding()),
    };
  }

  sandbox(): LambdaSandbox {
    return new LambdaSandbox({
      world: this.world,
      sandbox: new SandboxHere(new TaskPrograms(this.world, this.#job, MEMORY_BYTES), this.world, this.limits),
      runner: { module: 'none', settings: {} },
      findCode: async ({ sha256 }) => `jobs/${sha256}.mjs`,
      log: { ended: (report) => void this.attempts.push(report), userLine: () => {} },
      isSpent: () => false,
      endProcess: () => {},
    });
  }

  async output(): Promise<string> {
    const output = this.world.openOutput('out', this.record.jobId);
    const parts = (await output.listParts()).map(({ name }) => name).sort();
    const texts: string[] = [];
    for (const name of parts) for await (const bytes of output.readPart(name)) texts.push(Buffer.from(bytes).toString());
    return texts.join('');
  }

  async item() {
    return await this.world.ledger.readJob(this.record.jobId);
  }
}

/** Runs tasks in this very thread, for worlds that no other thread can see. */
class SandboxHere implements Sandbox {
  readonly pid = process.pid;
  readonly takesTasks = true;
  readonly #programs: TaskPrograms;
  readonly #world: MemoryWorld;
  readonly #limits: TaskLimits[];

  constructor(programs: TaskPrograms, world: MemoryWorld, limits: TaskLimits[]) {
    this.#programs = programs;
    this.#world = world;
    this.#limits = limits;
  }

  prepare(): void {}

  async run(task: unknown, onReport: (report: TaskReport) => void, limits?: TaskLimits): Promise<TaskOutcome> {
    if (limits !== undefined) this.#limits.push(limits);
    const attemptId = this.#world.ids.newId();
    onReport({ kind: 'begun', attemptId });
    const cursor = new RecordCursor(new ArrayBuffer(RecordCursor.bytes));
    const control = { attemptId, cursor, signal: new AbortController().signal };
    const answer: AttemptAccount = await runToEnd(this.#programs, task as SandboxTask, control, () => ({}));
    return { kind: 'done', answer };
  }

  cancel(): void {}

  async close(): Promise<void> {}
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
