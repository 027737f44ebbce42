import type { MachineOptions } from './build-state-machine.ts';
import { LOST_ERRORS, readerRetry, retryLadder } from './retry-policy.ts';
import type { MapState, PayloadTemplate, State, StateMachine, TaskState } from './states.ts';

/** A distributed map without what comes after it: its successor, and where its failure leads. */
export type PhaseState = Omit<MapState<never>, 'Next' | 'End' | 'Catch'>;

/** A call of a function with the machine's data as its event. */
export function invocation(functionArn: string, options: MachineOptions) {
  return {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Parameters: { FunctionName: functionArn, 'Payload.$': '$' } satisfies PayloadTemplate,
    ...(options.taskTimeoutSeconds === undefined ? {} : { TimeoutSeconds: options.taskTimeoutSeconds }),
  } as const;
}

/**
 * A distributed map over the groups of a task list; each child is an inline map over the tasks of its group. The last state of a
 * child gives the literal `{}`, because the results of all children together must stay under 256 KiB. No failure is tolerated.
 * @param name begins the names of the states inside, which are unique in the whole machine
 * @param functionArns smallest memory first
 */
export function phaseState(name: string, functionArns: readonly string[], options: MachineOptions): PhaseState {
  const group: State<never> = {
    Type: 'Map',
    ItemsPath: '$.group.tasks',
    ItemSelector: { 'jobId.$': '$.jobId', 'run.$': '$.run', 'step.$': '$.step', 'task.$': '$$.Map.Item.Value' },
    MaxConcurrencyPath: '$.taskConcurrency',
    ItemProcessor: { ProcessorConfig: { Mode: 'INLINE' }, ...taskRungs(`${name}Task`, functionArns, options) },
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
    ResultPath: null,
  };
}

/** One state a rung: a lost sandbox sends the same task to the function with more memory; the last rung tries a few times. */
function taskRungs(name: string, functionArns: readonly string[], options: MachineOptions): StateMachine {
  const { maxAttempts = 4 } = options;
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
