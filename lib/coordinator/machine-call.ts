import type { RowRef } from '../work/row-ref.ts';

/**
 * What the state machine passes to its functions, and what they must answer. The machine's data is `{ jobId, run, at }`, where
 * `at` is the last answer of plan, check, planReduce or commit: so a function finds in `call.at` what has just run.
 */

/** Input of an execution. Its name is `<jobId>-<run>`. */
export type MachineInput = { readonly jobId: string; readonly run: number };

type Call<Position> = MachineInput & { readonly at: Position };
/** `step` counts the jobs of a chain from 0. `round` is for bounding loops: the functions count it, the machine carries it. */
type NextState<Next extends string> = { readonly next: Next; readonly step: number; readonly round?: number };

export type PlanNext = NextState<'plan'>;
export type SoloNext = NextState<'solo'>;
export type SampleNext = NextState<'sample'>;
export type PlanReduceNext = NextState<'planReduce'>;
/** `published` counts the attempts whose parts earlier calls made visible. */
export type CommitNext = NextState<'commit'> & { readonly published?: number };
export type DoneNext = { readonly next: 'done' };
/** Where the phase's task list lies: a JSON array of TaskGroup. Never send an empty one: go on to what comes after. */
export type PhaseNext<P extends 'map' | 'reduce'> = NextState<P> & {
  readonly bucket: string;
  readonly key: string;
  /** Groups at a time, and tasks at a time within one group (≤ 40). 0 is as many as there may be. */
  readonly groupConcurrency: number;
  readonly taskConcurrency: number;
  /** There when the phase is to run beside the watch, which the machine must have been built with. */
  readonly watch?: true;
};
export type MapNext = PhaseNext<'map'>;
export type ReduceNext = PhaseNext<'reduce'>;

export type TaskRef = { readonly index: number; readonly row: RowRef };
/** One element of a task list, one child of the distributed map. At most 40 tasks. */
export type TaskGroup = { readonly tasks: readonly TaskRef[] };

/** `at.next` is `plan` at the start and for each step of a chain, `sample` when a sample is ready, `solo` when the sandbox of Solo was lost. */
export type PlanCall = Call<PlanNext | SampleNext | SoloNext>;
export type PlanAnswer = SoloNext | SampleNext | MapNext | PlanReduceNext | ReduceNext | CommitNext | DoneNext;

/** The answers of solo, sample, map and reduce are dropped: they speak through the ledger and the store. Answer `{}`. */
export type SoloCall = Call<SoloNext>;
export type SampleCall = Call<SampleNext>;
export type MapCall = MachineInput & { readonly step: number; readonly task: TaskRef };
export type ReduceCall = MapCall;
export type TaskAnswer = Readonly<Record<string, never>>;

/** `at.next` is the phase that has just run. */
export type CheckCall = Call<MapNext | ReduceNext | SoloNext>;
/** `plan` is the next step of a chain, or Solo given up. */
export type CheckAnswer = MapNext | PlanReduceNext | ReduceNext | SoloNext | PlanNext | CommitNext;

/** `at` is the phase under watch, `watch` the last answer of this loop. */
export type WatchCall = Call<MapNext | ReduceNext> & { readonly watch?: WatchAnswer };
/** `phaseDone`: every task is committed, so the phase need not be waited for. `seconds` until the next call. */
export type WatchAnswer = { readonly next: 'wait' | 'phaseDone'; readonly seconds: number };

export type PlanReduceCall = Call<PlanReduceNext>;
export type PlanReduceAnswer = MapNext | PlanReduceNext | ReduceNext | PlanNext | CommitNext;

export type CommitCall = Call<CommitNext>;
/** `commit` goes round again: the time budget of one call was used up. */
export type CommitAnswer = CommitNext | DoneNext | MapNext | PlanReduceNext | ReduceNext | SoloNext | PlanNext;

/**
 * `failure` is what the machine saw. After a map or reduce phase it is `States.ExceedToleratedFailureThreshold`, which says nothing:
 * the failing attempt has recorded the real cause in the ledger.
 */
export type MarkFailedCall = Call<PlanAnswer | PlanNext> & {
  readonly failure: { readonly Error: string; readonly Cause?: string };
};
/** Error and cause that the execution ends with: the first real failure's name, and the Failure as JSON. */
export type MarkFailedAnswer = { readonly error: string; readonly cause: string };
