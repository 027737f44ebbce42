import { assert } from '../errors.ts';
import { invocation, phaseState } from './phase-state.ts';
import { LOST_ERRORS, retryLadder } from './retry-policy.ts';
import { stateMachine } from './state-machine.ts';
import type { Catcher, PayloadTemplate, StateMachine } from './states.ts';
import { watchedPhase } from './watched-phase.ts';

export type FunctionName = 'plan' | 'solo' | 'sample' | 'map' | 'planReduce' | 'reduce' | 'check' | 'commit' | 'markFailed';
export type FunctionArns = Readonly<Record<FunctionName, string>>;

export type MachineOptions = {
  /** Attempts of a task in all when user code fails, or when its sandbox is lost for want of a larger one. @default 4 */
  readonly maxAttempts?: number;
  /** Deadline of one invocation. @default none: the sandbox has its own */
  readonly taskTimeoutSeconds?: number;
  /** The same functions with more memory, smallest first, for tasks whose sandbox was lost. @default none */
  readonly rungs?: { readonly map?: readonly string[]; readonly reduce?: readonly string[] };
  /** The function that watches a phase whose answer says `watch`. @default none: every phase runs unwatched */
  readonly watch?: string;
};

/** Every answer of a deciding function replaces `at`; nothing piles up in the machine's data. */
const decided: PayloadTemplate = {
  'jobId.$': '$$.Execution.Input.jobId',
  'run.$': '$$.Execution.Input.run',
  'at.$': '$.Payload',
};
const toMarkFailed: readonly Catcher<'MarkFailed'>[] = [
  { ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'MarkFailed' },
];

const isWatched = { Variable: '$.at.watch', IsPresent: true } as const;
const watchedChoices = [
  { And: [{ Variable: '$.at.next', StringEquals: 'map' }, isWatched], Next: 'WatchedMapPhase' },
  { And: [{ Variable: '$.at.next', StringEquals: 'reduce' }, isWatched], Next: 'WatchedReducePhase' },
] as const;

/**
 * The coordinator of any job, as data: deployed once, run locally as it stands. Input: MachineInput. What each function receives and
 * answers is in machine-call.ts; Route sends every answer to the state that it names.
 */
export function buildStateMachine(functions: FunctionArns, options: MachineOptions = {}): StateMachine {
  const { maxAttempts = 4, rungs = {}, watch } = options;
  assert(Number.isSafeInteger(maxAttempts) && maxAttempts >= 1, 'maxAttempts counts the first attempt');
  const retry = retryLadder({ maxAttempts, lostAttempts: maxAttempts });
  const soloRetry = retryLadder({ maxAttempts, lostAttempts: 1 });
  const call = (functionArn: string) => ({ ...invocation(functionArn, options), Retry: retry, Catch: toMarkFailed }) as const;
  const decide = (functionArn: string) => ({ ...call(functionArn), ResultSelector: decided, Next: 'Route' }) as const;
  const mapArns = [functions.map, ...(rungs.map ?? [])];
  const reduceArns = [functions.reduce, ...(rungs.reduce ?? [])];
  const watched = (name: 'Map' | 'Reduce', arns: readonly string[], watchArn: string) =>
    watchedPhase(`${name}UnderWatch`, phaseState(`Watched${name}`, arns, options), watchArn, options, toMarkFailed);
  // Left out together with the choices that lead there.
  const watchedPhases = (
    watch === undefined
      ? {}
      : { WatchedMapPhase: watched('Map', mapArns, watch), WatchedReducePhase: watched('Reduce', reduceArns, watch) }
  ) as Readonly<Record<'WatchedMapPhase' | 'WatchedReducePhase', ReturnType<typeof watched>>>;

  return stateMachine('Begin', {
    Begin: { Type: 'Pass', Result: { next: 'plan', step: 0 }, ResultPath: '$.at', Next: 'Plan' },
    Plan: decide(functions.plan),
    Route: {
      Type: 'Choice',
      Choices: [
        { Variable: '$.at.next', IsPresent: false, Next: 'UnknownAnswer' },
        ...(watch === undefined ? [] : watchedChoices),
        { Variable: '$.at.next', StringEquals: 'map', Next: 'MapPhase' },
        { Variable: '$.at.next', StringEquals: 'planReduce', Next: 'PlanReduce' },
        { Variable: '$.at.next', StringEquals: 'reduce', Next: 'ReducePhase' },
        { Variable: '$.at.next', StringEquals: 'commit', Next: 'Commit' },
        { Variable: '$.at.next', StringEquals: 'done', Next: 'Done' },
        { Variable: '$.at.next', StringEquals: 'solo', Next: 'Solo' },
        { Variable: '$.at.next', StringEquals: 'sample', Next: 'Sample' },
        { Variable: '$.at.next', StringEquals: 'plan', Next: 'Plan' },
      ],
      Default: 'UnknownAnswer',
    },
    Solo: {
      ...call(functions.solo),
      Retry: soloRetry,
      // Too large for one sandbox: `at.next` is still `solo`, which tells Plan to make map tasks of it.
      Catch: [{ ErrorEquals: LOST_ERRORS, ResultPath: null, Next: 'Plan' }, ...toMarkFailed],
      ResultPath: null,
      Next: 'CheckPhase',
    },
    Sample: { ...call(functions.sample), ResultPath: null, Next: 'Plan' },
    MapPhase: { ...phaseState('Map', mapArns, options), Catch: toMarkFailed, Next: 'CheckPhase' },
    ReducePhase: { ...phaseState('Reduce', reduceArns, options), Catch: toMarkFailed, Next: 'CheckPhase' },
    ...watchedPhases,
    CheckPhase: decide(functions.check),
    PlanReduce: decide(functions.planReduce),
    Commit: decide(functions.commit),
    Done: { Type: 'Succeed' },
    UnknownAnswer: {
      Type: 'Pass',
      Result: { Error: 'UnknownAnswer', Cause: 'A function answered with a `next` that the state machine does not know.' },
      ResultPath: '$.failure',
      Next: 'MarkFailed',
    },
    MarkFailed: {
      ...call(functions.markFailed),
      ResultSelector: { 'Error.$': '$.Payload.error', 'Cause.$': '$.Payload.cause' },
      ResultPath: '$.failure',
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.unmarked', Next: 'FailedUnmarked' }],
      Next: 'Failed',
    },
    Failed: { Type: 'Fail', ErrorPath: '$.failure.Error', CausePath: '$.failure.Cause' },
    FailedUnmarked: {
      Type: 'Fail',
      ErrorPath: '$.failure.Error',
      Cause: 'The failure could not be written to the ledger either: its cause is in the history of this execution.',
    },
  });
}
