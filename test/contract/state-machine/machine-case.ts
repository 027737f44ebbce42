import type { Json, State, StateMachine, TaskState } from '../../../lib/coordinator/states.ts';

/** What a function does when it is called: wait, then answer or throw an error with that name. By default it answers `{}`. */
export type Behaviour = {
  readonly afterSeconds?: number;
  readonly answer?: Json;
  /** Answers its payload. */
  readonly echo?: true;
  /** Answers a string of this many bytes. */
  readonly answerBytes?: number;
  readonly error?: string;
  readonly message?: string;
};

/** Call by call, the last one again and again; with `by`, one list for each value of that field of the payload. */
export type FunctionScript =
  | readonly Behaviour[]
  | { readonly by: string; readonly scripts: Readonly<Record<string, readonly Behaviour[]>> };

export type FunctionCall = { readonly name: string; readonly payload: Json };

/**
 * One small machine and all that may be seen of it. A definition names functions as in `functions`, and the bucket `items` for
 * `objects`: whoever runs it elsewhere puts the real names in.
 */
export type MachineCase = {
  readonly title: string;
  readonly definition: StateMachine;
  readonly input?: Json;
  readonly functions?: Readonly<Record<string, FunctionScript>>;
  /** Contents of objects in the bucket `items`, by key. */
  readonly objects?: Readonly<Record<string, Json>>;
  readonly outcome: { readonly output: Json } | { readonly error: string; readonly cause?: string };
  /** Every invocation. In order of start, unless `anyOrder`. */
  readonly calls?: readonly FunctionCall[];
  readonly anyOrder?: boolean;
  /** How many calls there are, where their payloads say nothing. */
  readonly callCount?: number;
  /** How long the machine takes when nothing but waiting takes time: exactly, or from and to. */
  readonly seconds?: number | readonly [number, number];
  /** The most calls under way at a moment. */
  readonly peak?: number;
};

/** What was seen when a case ran. */
export type MachineRun = {
  readonly outcome: { readonly output: Json } | { readonly error: string; readonly cause: string };
  readonly calls: readonly FunctionCall[];
  readonly seconds: number;
  readonly peak: number;
};

type TaskFields = Omit<Partial<TaskState<string>>, 'Next' | 'End'> & { readonly Next?: string };

/** A Task that sends its input to the function `work` and gives its answer. */
export function work(fields: TaskFields = {}): State<string> {
  return call('work', fields);
}

export function call(functionName: string, fields: TaskFields = {}): State<string> {
  return {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Parameters: { FunctionName: functionName, 'Payload.$': '$' },
    OutputPath: '$.Payload',
    ...endUnless(fields.Next),
    ...fields,
  } as State<string>;
}

/** A Pass whose output is made by `parameters`. */
export function show(parameters: Readonly<Record<string, Json>>, next?: string): State<string> {
  return { Type: 'Pass', Parameters: parameters, ...endUnless(next) } as State<string>;
}

/** A Pass that gives `result` whatever comes in. */
export function give(result: Json, next?: string): State<string> {
  return { Type: 'Pass', Result: result, ...endUnless(next) } as State<string>;
}

export function machine(states: Readonly<Record<string, State<string>>>): StateMachine {
  return { StartAt: Object.keys(states)[0]!, States: states };
}

function endUnless(next: string | undefined): { Next: string } | { End: true } {
  return next === undefined ? { End: true } : { Next: next };
}
