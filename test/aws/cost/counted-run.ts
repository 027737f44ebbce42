import { defineJob, type Emit, type Job, range } from 'refold';
import { buildStateMachine, type FunctionName } from '../../../lib/coordinator/build-state-machine.ts';
import { check } from '../../../lib/coordinator/check.ts';
import { commit } from '../../../lib/coordinator/commit.ts';
import type { TaskGroup } from '../../../lib/coordinator/machine-call.ts';
import { plan } from '../../../lib/coordinator/plan.ts';
import { planReduce } from '../../../lib/coordinator/plan-reduce.ts';
import { TaskPrograms } from '../../../lib/coordinator/run-task.ts';
import type { Json } from '../../../lib/coordinator/states.ts';
import type { JobRecord } from '../../../lib/job/job-record.ts';
import { type MachineOutcome, runMachine } from '../../../lib/local/interpreter/run-machine.ts';
import { type MemoryWorld, memoryWorld } from '../../../lib/memory/memory-world.ts';
import { readShuffleManifest, type ShuffleManifest } from '../../../lib/shuffle/shuffle-manifest.ts';
import { readStepPlan } from '../../../lib/split/plan-step.ts';
import type { StepPlan } from '../../../lib/split/step-plan.ts';
import { jobFunctions } from '../../coordinator/scripted-job.ts';
import { controlOf, openRecord } from '../../support/open-record.ts';

export type CountedOptions = {
  readonly objects: number;
  readonly linesPerObject: number;
  readonly splitBytes: number;
  readonly reduceTasks: number;
  readonly soloBytes?: number;
  readonly partition?: 'hash' | 'range';
  readonly mapOnly?: boolean;
  readonly workers: number;
  readonly dropsSegments?: boolean;
};

export type CountedRun = {
  readonly outcome: MachineOutcome;
  readonly record: JobRecord;
  readonly plan: StepPlan;
  readonly manifest: ShuffleManifest | undefined;
  /** As Step Functions charges: states entered anywhere, and children started. */
  readonly transitions: number;
  readonly invocations: number;
  /** Calls of the ports by what they would be on S3, and of the ledger. */
  readonly calls: Readonly<Record<'get' | 'put' | 'list' | 'ledgerWrite' | 'ledgerRead', number>>;
  /** Keys that are left in the work area. */
  readonly left: readonly string[];
};

/** A real job by the real machine, functions and task programs, in memory, with everything counted that costs money. */
export async function countedRun(options: CountedOptions): Promise<CountedRun> {
  const world = memoryWorld();
  for (let at = 0; at < options.objects; at++) {
    const lines = Array.from({ length: options.linesPerObject }, (_, line) => `word${at} w${line % 7} x${line}\n`);
    world.input.write(`in/${String(at).padStart(4, '0')}`, lines.join(''));
  }
  const job = jobOf(options);
  const { soloBytes = 0, reduceTasks, splitBytes } = options;
  const record = await openRecord(world, job, { soloBytes, reduceTasks, splitBytes });
  const calls = { get: 0, put: 0, list: 0, ledgerWrite: 0, ledgerRead: 0 };
  const counted = countWorld(world, calls);
  const programs = new TaskPrograms(counted, job);
  const flow = {
    world: counted,
    workers: options.workers,
    boundBy: 'machine' as const,
    overwrite: false,
    dropsSegments: options.dropsSegments === true,
  };
  let transitions = 0;
  let invocations = 0;
  const functions: Readonly<Record<string, (call: never) => Promise<unknown>>> = {
    plan: (call) => plan(flow, call),
    check: (call) => check(flow, call),
    planReduce: (call) => planReduce(flow, call),
    commit: (call) => commit(flow, call),
    ...Object.fromEntries(
      (['map', 'reduce', 'solo', 'sample'] as const).map((role) => [
        role,
        (call: never) => programs.run({ role, call, concurrency: 1 }, controlOf(world)),
      ]),
    ),
  };
  const outcome = await runMachine(
    buildStateMachine(jobFunctions),
    { jobId: 'job', run: 1 },
    {
      async invoke(functionArn: FunctionName | string, payload: Json) {
        invocations += 1;
        if (functionArn === 'map' || functionArn === 'reduce') transitions += 1;
        return await functions[functionArn]!(payload as never);
      },
      async *readJsonArray(_: string, key: string) {
        for (const group of JSON.parse(Buffer.from(await world.work.read(key)).toString('utf8')) as TaskGroup[]) {
          transitions += 2; // The child, and its inline map.
          yield group;
        }
      },
      clock: world.clock,
      random: () => 0.5,
      entered: () => {
        transitions += 1;
      },
    },
  );
  const left: string[] = [];
  for await (const page of world.work.list('')) left.push(...page.map(({ key }) => key));
  const stepPlan = (await readStepPlan(world, 'job', 0))!;
  return {
    outcome,
    record,
    plan: stepPlan,
    manifest: await readShuffleManifest(world, 'job', 0, 0),
    transitions,
    invocations,
    calls,
    left,
  };
}

function jobOf({ partition = 'hash', mapOnly = false }: CountedOptions): Job {
  const map = (line: string, emit: Emit<string, number>) => {
    for (const word of line.split(' ')) emit(word, 1);
  };
  if (mapOnly) return defineJob({ map }) as Job;
  return defineJob({
    map,
    reduce(word, values, emit: Emit<string, number>) {
      emit(word, [...values].length);
    },
    ...(partition === 'range' ? { partition: range() } : {}),
  }) as Job;
}

const KINDS: Readonly<Record<string, keyof CountedRun['calls']>> = {
  readRange: 'get',
  read: 'get',
  head: 'get',
  readPart: 'get',
  readSuccess: 'get',
  isStaged: 'get',
  stage: 'put',
  put: 'put',
  putIfAbsent: 'put',
  publish: 'put',
  writeSuccess: 'put',
  list: 'list',
  listParts: 'list',
  inspect: 'list',
  clear: 'list',
  beginAttempt: 'ledgerWrite',
  commit: 'ledgerWrite',
  failAttempt: 'ledgerWrite',
  setJobState: 'ledgerWrite',
  readJob: 'ledgerRead',
  readTask: 'ledgerRead',
  readTasks: 'ledgerRead',
};

type Calls = Record<keyof CountedRun['calls'], number>;

/** The same world; a part that is staged takes the three requests of an upload with one part. */
function countWorld(world: MemoryWorld, calls: Calls): MemoryWorld {
  return {
    ...world,
    input: counting(world.input, calls),
    work: counting(world.work, calls),
    ledger: counting(world.ledger, calls),
    openOutput: (location, jobId) => counting(world.openOutput(location, jobId), calls),
  };
}

function counting<T extends object>(target: T, calls: Calls): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name, object);
      if (typeof value !== 'function') return value;
      const kind = KINDS[String(name)];
      return (...args: unknown[]) => {
        if (kind !== undefined) calls[kind] += name === 'stage' ? 2 : 1;
        return value.apply(object, args) as unknown;
      };
    },
  });
}
