import type { Failure } from '../../errors.ts';
import type { AttemptControl } from '../../job/attempt-control.ts';

/** What one sandbox may use. Run options: none of them is part of the job's identity. */
export type SandboxLimits = {
  /** From the task's start to its answer. */
  readonly taskTimeoutMs: number;
  /** How long user code may have one record, or one group, in hand. */
  readonly recordTimeoutMs: number;
  /** How long the top level of the job's module may take. */
  readonly loadTimeoutMs: number;
  /** JavaScript heap of the task thread; typed arrays are not in it. */
  readonly heapBytes: number;
  /** Resident memory of the sandbox's process, above which the task thread is ended. */
  readonly sandboxMemoryBytes: number;
};

/** Those that may change from task to task. */
export type TaskLimits = Pick<SandboxLimits, 'taskTimeoutMs' | 'recordTimeoutMs'>;

export const DEFAULT_SANDBOX_LIMITS: SandboxLimits = {
  taskTimeoutMs: 24 * 3600 * 1000,
  recordTimeoutMs: 5 * 60 * 1000,
  loadTimeoutMs: 10_000,
  heapBytes: 2 ** 30,
  sandboxMemoryBytes: 3 * 2 ** 30,
};

/** What a sandbox executes tasks of: a job's code, and the module that knows how to run its tasks. Plain data. */
export type SandboxJob = {
  /** The bundle, a file of the work area. */
  readonly bundlePath: string;
  /** The user's own file, for messages. */
  readonly jobFile: string;
  readonly runner: {
    /** File URL of a module that exports what RunnerModule says. */
    readonly module: string;
    readonly settings: unknown;
  };
};

/** Loaded once a task thread, beside the job's bundle. */
export type RunnerModule = {
  openRunner(settings: unknown): TaskRunner | Promise<TaskRunner>;
  /** Is this default export a job? Without it, any value is. */
  isJob?(value: unknown): boolean;
};

/** Runs one task at a time. Tasks and answers are plain data; `job` is the bundle's default export. */
export type TaskRunner = {
  run(task: unknown, control: AttemptControl, job: unknown): Promise<unknown>;
};

export type TaskProgress = { readonly bytes: number; readonly records: number };

/** How a task ended, as it crosses threads and processes. */
export type TaskOutcome =
  | { readonly kind: 'done'; readonly answer: unknown }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** What a sandbox says while a task runs. */
export type TaskReport =
  | { readonly kind: 'begun'; readonly attemptId: string }
  | { readonly kind: 'progress'; readonly progress: TaskProgress }
  | { readonly kind: 'log'; readonly line: string };

/** Where tasks execute, one at a time: a worker process, or a supervised thread of this one. */
export interface Sandbox {
  /** Of the process that user code runs in. */
  readonly pid: number;
  /** It has booted and is not gone. */
  readonly takesTasks: boolean;
  /** Loads the job ahead of its first task. Between tasks only. */
  prepare(job: SandboxJob): void;
  /** Never rejects. One task at a time, after `prepare`. `limits` of this task alone, where the sandbox takes them. */
  run(task: unknown, onReport: (report: TaskReport) => void, limits?: TaskLimits): Promise<TaskOutcome>;
  /** Asks the task to stop, and ends its thread if it does not. The outcome comes through `run` in either case. */
  cancel(): void;
  /** Ends the sandbox, whatever it does. */
  close(): Promise<void>;
}

/** To a worker process, and on to its task thread. One task at a time. */
export type ToSandbox =
  | { readonly kind: 'prepare'; readonly job: SandboxJob }
  | { readonly kind: 'run'; readonly task: unknown }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'close' };

/** From a worker process. `ready` comes when a task thread has booted, before everything else. */
export type FromSandbox = { readonly kind: 'ready' } | { readonly kind: 'ended'; readonly outcome: TaskOutcome } | TaskReport;

export type ToThread = Exclude<ToSandbox, { kind: 'close' }>;
export type FromThread = FromSandbox;

/** What a task thread gets at its start. */
export type ThreadData = { readonly cursorMemory: SharedArrayBuffer; readonly loadTimeoutMs: number };
