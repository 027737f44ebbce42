import { assert } from '../errors.ts';
import { LOST_ERRORS, readerRetry, retryLadder } from './retry-policy.ts';
import { stateMachine } from './state-machine.ts';
import type { Catcher, MapState, PayloadTemplate, State, StateMachine, TaskState } from './states.ts';

export type FunctionName = 'plan' | 'solo' | 'sample' | 'map' | 'planReduce' | 'reduce' | 'check' | 'commit' | 'markFailed';
export type FunctionArns = Readonly<Record<FunctionName, string>>;

export type MachineOptions = {
  /** Attempts of a task in all when user code fails, or when its sandbox is lost for want of a larger one. @default 4 */
  readonly maxAttempts?: number;
  /** Deadline of one invocation. @default none: the sandbox has its own */
  readonly taskTimeoutSeconds?: number;
  /** The same functions with more memory, smallest first, for tasks whose sandbox was lost. @default none */
  readonly rungs?: { readonly map?: readonly string[]; readonly reduce?: readonly string[] };
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

/**
 * The coordinator of any job, as data: deployed once, run locally as it stands. Input: MachineInput. What each function receives and
 * answers is in machine-call.ts; Route sends every answer to the state that it names.
 */
export function buildStateMachine(functions: FunctionArns, options: MachineOptions = {}): StateMachine {
  const { maxAttempts = 4, rungs = {} } = options;
  assert(Number.isSafeInteger(maxAttempts) && maxAttempts >= 1, 'maxAttempts counts the first attempt');
  const retry = retryLadder({ maxAttempts, lostAttempts: maxAttempts });
  const soloRetry = retryLadder({ maxAttempts, lostAttempts: 1 });
  const call = (functionArn: string) => ({ ...invocation(functionArn, options), Retry: retry, Catch: toMarkFailed }) as const;
  const decide = (functionArn: string) => ({ ...call(functionArn), ResultSelector: decided, Next: 'Route' }) as const;
  const phase = { maxAttempts, options };

  return stateMachine('Begin', {
    Begin: { Type: 'Pass', Result: { next: 'plan', step: 0 }, ResultPath: '$.at', Next: 'Plan' },
    Plan: decide(functions.plan),
    Route: {
      Type: 'Choice',
      Choices: [
        { Variable: '$.at.next', IsPresent: false, Next: 'UnknownAnswer' },
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
    MapPhase: phaseState('Map', [functions.map, ...(rungs.map ?? [])], phase),
    ReducePhase: phaseState('Reduce', [functions.reduce, ...(rungs.reduce ?? [])], phase),
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

function invocation(functionArn: string, options: MachineOptions) {
  return {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Parameters: { FunctionName: functionArn, 'Payload.$': '$' },
    ...(options.taskTimeoutSeconds === undefined ? {} : { TimeoutSeconds: options.taskTimeoutSeconds }),
  } as const;
}

/**
 * A distributed map over the groups of a task list; each child is an inline map over the tasks of its group. The last state of a
 * child gives the literal `{}`, because the results of all children together must stay under 256 KiB. No failure is tolerated.
 */
function phaseState(
  name: 'Map' | 'Reduce',
  functionArns: readonly string[],
  phase: { maxAttempts: number; options: MachineOptions },
): MapState<'CheckPhase' | 'MarkFailed'> {
  const group: State<never> = {
    Type: 'Map',
    ItemsPath: '$.group.tasks',
    ItemSelector: { 'jobId.$': '$.jobId', 'run.$': '$.run', 'step.$': '$.step', 'task.$': '$$.Map.Item.Value' },
    MaxConcurrencyPath: '$.taskConcurrency',
    ItemProcessor: { ProcessorConfig: { Mode: 'INLINE' }, ...taskRungs(`${name}Task`, functionArns, phase) },
    ResultSelector: {},
    End: true,
  };
  return {
    Type: 'Map',
    ItemReader: {
      Resource: 'arn:aws:states:::s3:getObject',
      ReaderConfig: { InputType: 'JSON' },
      Parameters: { 'Bucket.$': '$.at.bucket', 'Key.$': '$.at.key' },
    },
    ItemSelector: {
      'jobId.$': '$.jobId',
      'run.$': '$.run',
      'step.$': '$.at.step',
      'taskConcurrency.$': '$.at.taskConcurrency',
      'group.$': '$$.Map.Item.Value',
    },
    MaxConcurrencyPath: '$.at.groupConcurrency',
    ItemProcessor: {
      ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
      StartAt: `${name}Group`,
      States: { [`${name}Group`]: group },
    },
    Retry: readerRetry,
    Catch: toMarkFailed,
    ResultPath: null,
    Next: 'CheckPhase',
  };
}

/** One state a rung: a lost sandbox sends the same task to the function with more memory; the last rung tries a few times. */
function taskRungs(
  name: string,
  functionArns: readonly string[],
  { maxAttempts, options }: { maxAttempts: number; options: MachineOptions },
): StateMachine {
  const rungName = (rung: number) => (rung === 0 ? name : `${name}Rung${rung}`);
  const states = functionArns.map((functionArn, rung): [string, TaskState<string>] => {
    const last = rung === functionArns.length - 1;
    const task: TaskState<string> = {
      ...invocation(functionArn, options),
      ResultSelector: {},
      Retry: retryLadder({ maxAttempts, lostAttempts: last ? maxAttempts : 1 }),
      ...(last ? {} : { Catch: [{ ErrorEquals: LOST_ERRORS, ResultPath: null, Next: rungName(rung + 1) }] }),
      End: true,
    };
    return [rungName(rung), task];
  });
  return { StartAt: name, States: Object.fromEntries(states) };
}
