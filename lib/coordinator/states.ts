/** What states hold and pass on: JSON, at most 256 KiB as UTF-8. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** Matched in order; each retrier counts its own retries. Waits Interval · Backoff^n seconds, capped, jittered. */
export type Retrier = {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  /** Retries after the first attempt; 0 never retries. */
  readonly MaxAttempts?: number;
  readonly JitterStrategy?: 'FULL' | 'NONE';
};

/** Tried in order when no retrier takes the error. `{ Error, Cause }` goes to ResultPath of the state's raw input. */
export type Catcher<Name extends string> = {
  readonly ErrorEquals: readonly string[];
  readonly ResultPath?: string | null;
  readonly Next: Name;
};

/** An object whose fields that end in `.$` are paths or intrinsic functions. */
export type PayloadTemplate = { readonly [name: string]: Json };

type Transition<Name extends string> = { readonly Next: Name } | { readonly End: true };
type Filters = { readonly Comment?: string; readonly InputPath?: string | null; readonly OutputPath?: string | null };
type Faults<Name extends string> = { readonly Retry?: readonly Retrier[]; readonly Catch?: readonly Catcher<Name>[] };
type Results = { readonly ResultSelector?: PayloadTemplate; readonly ResultPath?: string | null };

/** Invokes a function and waits for its answer, which comes as `$.Payload` of the result. */
export type TaskState<Name extends string> = Filters &
  Results &
  Faults<Name> &
  Transition<Name> & {
    readonly Type: 'Task';
    readonly Resource: 'arn:aws:states:::lambda:invoke';
    readonly Parameters: PayloadTemplate;
    readonly TimeoutSeconds?: number;
  };

export type PassState<Name extends string> = Filters &
  Transition<Name> & {
    readonly Type: 'Pass';
    readonly Result?: Json;
    readonly Parameters?: PayloadTemplate;
    readonly ResultPath?: string | null;
  };

export type ChoiceTest = {
  readonly Variable?: string;
  readonly StringEquals?: string;
  readonly BooleanEquals?: boolean;
  readonly NumericEquals?: number;
  readonly NumericLessThan?: number;
  readonly NumericLessThanEquals?: number;
  readonly NumericGreaterThan?: number;
  readonly NumericGreaterThanEquals?: number;
  readonly IsPresent?: boolean;
  readonly IsNull?: boolean;
  readonly And?: readonly ChoiceTest[];
  readonly Or?: readonly ChoiceTest[];
  readonly Not?: ChoiceTest;
};

export type ChoiceState<Name extends string> = Filters & {
  readonly Type: 'Choice';
  readonly Choices: readonly (ChoiceTest & { readonly Next: Name })[];
  readonly Default?: Name;
};

export type WaitState<Name extends string> = Filters &
  Transition<Name> & { readonly Type: 'Wait'; readonly Seconds?: number; readonly SecondsPath?: string };

export type SucceedState = Filters & { readonly Type: 'Succeed' };

export type FailState = {
  readonly Type: 'Fail';
  readonly Comment?: string;
  readonly Error?: string;
  readonly ErrorPath?: string;
  readonly Cause?: string;
  readonly CausePath?: string;
};

export type ParallelState<Name extends string> = Filters &
  Results &
  Faults<Name> &
  Transition<Name> & { readonly Type: 'Parallel'; readonly Branches: readonly StateMachine[] };

/** Runs the processor once an item: within this execution (INLINE, ≤ 40 at a time), or as child executions (DISTRIBUTED). */
export type MapState<Name extends string> = Filters &
  Results &
  Faults<Name> &
  Transition<Name> & {
    readonly Type: 'Map';
    readonly ItemsPath?: string;
    readonly ItemReader?: {
      readonly Resource: 'arn:aws:states:::s3:getObject';
      readonly ReaderConfig: { readonly InputType: 'JSON' };
      readonly Parameters: PayloadTemplate;
    };
    readonly ItemSelector?: PayloadTemplate;
    readonly MaxConcurrency?: number;
    readonly MaxConcurrencyPath?: string;
    readonly ItemProcessor: StateMachine & {
      readonly ProcessorConfig:
        | { readonly Mode: 'INLINE' }
        | { readonly Mode: 'DISTRIBUTED'; readonly ExecutionType: 'STANDARD' };
    };
  };

export type State<Name extends string> =
  | TaskState<Name>
  | PassState<Name>
  | ChoiceState<Name>
  | WaitState<Name>
  | SucceedState
  | FailState
  | ParallelState<Name>
  | MapState<Name>;

/** Amazon States Language with JSONPath, as far as the interpreter knows it. */
export type StateMachine<Name extends string = string> = {
  readonly Comment?: string;
  readonly StartAt: Name;
  readonly States: { readonly [name in Name]: State<Name> };
};
