import { buildStateMachine, type FunctionArns, type MachineOptions } from '../../lib/coordinator/build-state-machine.ts';
import type {
  CheckAnswer,
  CheckCall,
  CommitAnswer,
  CommitCall,
  MapCall,
  MapNext,
  MarkFailedAnswer,
  MarkFailedCall,
  PlanAnswer,
  PlanCall,
  PlanReduceAnswer,
  PlanReduceCall,
  ReduceNext,
  SampleCall,
  SoloCall,
  TaskGroup,
  WatchAnswer,
  WatchCall,
} from '../../lib/coordinator/machine-call.ts';
import type { Json } from '../../lib/coordinator/states.ts';
import { type MachineOutcome, runMachine } from '../../lib/local/interpreter/run-machine.ts';
import { seededRandom } from '../interpreter/run-case.ts';
import { VirtualTime } from '../interpreter/virtual-time.ts';

/** The functions of a job by their types: what the machine sends, and what it needs. */
export type JobFunctions = {
  plan(call: PlanCall): PlanAnswer;
  solo(call: SoloCall): void;
  sample(call: SampleCall): void;
  map(call: MapCall, signal: AbortSignal): void | Promise<void>;
  planReduce(call: PlanReduceCall): PlanReduceAnswer;
  reduce(call: MapCall, signal: AbortSignal): void | Promise<void>;
  check(call: CheckCall): CheckAnswer;
  commit(call: CommitCall): CommitAnswer;
  markFailed(call: MarkFailedCall): MarkFailedAnswer;
  /** Called by a machine that is built with `watch: 'watch'`. */
  watch(call: WatchCall): WatchAnswer;
};

export const jobFunctions: FunctionArns = {
  plan: 'plan',
  solo: 'solo',
  sample: 'sample',
  map: 'map',
  planReduce: 'planReduce',
  reduce: 'reduce',
  check: 'check',
  commit: 'commit',
  markFailed: 'markFailed',
};

export type ScriptedRun = {
  readonly outcome: MachineOutcome;
  /** Function and payload of every invocation, in order of start. */
  readonly calls: readonly (readonly [name: keyof JobFunctions, payload: Json])[];
  readonly seconds: number;
};

/** Task lists by key: groups of task indexes. */
export type TaskLists = Readonly<Record<string, readonly (readonly number[])[]>>;

const unexpected = (name: string) => () => {
  throw Object.assign(new Error(`${name} is not expected to be called.`), { name: 'PermanentError' });
};

/** Runs the whole machine with functions that a test scripts; those it leaves out must not be called, but map and reduce do nothing. */
export async function runScripted(
  script: Partial<JobFunctions>,
  lists: TaskLists = {},
  options: MachineOptions = {},
): Promise<ScriptedRun> {
  const time = new VirtualTime();
  const calls: [keyof JobFunctions, Json][] = [];
  const outcome = await time.run(
    runMachine(
      buildStateMachine(jobFunctions, options),
      { jobId: 'j', run: 2 },
      {
        async invoke(functionArn, payload, signal) {
          const name = functionArn as keyof JobFunctions;
          calls.push([name, payload]);
          const silent = name === 'map' || name === 'reduce' ? () => {} : unexpected(name);
          const work = (script[name] ?? silent) as (call: Json, signal: AbortSignal) => unknown;
          return work(payload, signal);
        },
        readJsonArray: (_, key) => (lists[key] ?? []).map(taskGroup),
        clock: time,
        random: seededRandom(1),
      },
    ),
  );
  return { outcome, calls, seconds: time.nowMs() / 1000 };
}

export function mapNext(key: string, step = 0, round = 0): MapNext {
  return { next: 'map', step, round, bucket: 'work', key, groupConcurrency: 2, taskConcurrency: 1 };
}

export function reduceNext(key: string, step = 0, round = 0): ReduceNext {
  return { ...mapNext(key, step, round), next: 'reduce' };
}

function taskGroup(indexes: readonly number[]): TaskGroup {
  return { tasks: indexes.map((index) => ({ index, row: { key: 'rows', byteStart: index, byteEnd: index + 1 } })) };
}
