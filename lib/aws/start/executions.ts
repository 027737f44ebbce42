import type { MachineInput } from '../../coordinator/machine-call.ts';

/** How an execution stands. `missing`: there was none of that name in the last 90 days. */
export type ExecutionState =
  | { readonly kind: 'missing' }
  | { readonly kind: 'running' }
  | ({ readonly kind: 'ended' } & ExecutionEnd);

export type ExecutionEnd = {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  /** As the machine or whoever stopped it says. */
  readonly error?: string;
  readonly cause?: string;
};

/** The executions of one state machine, by their names. A name is used once in 90 days. */
export interface Executions {
  /**
   * Starts the execution of that name, once: a repeat with the same input while it runs is `started` too.
   * `ended-before`: there was one, and it has ended.
   */
  start(name: string, input: MachineInput): Promise<'started' | 'ended-before'>;
  /** May be a moment behind `start`. */
  describe(name: string): Promise<ExecutionState>;
  /** Invocations in flight run to their end. Nothing happens to an execution that has ended or never was. */
  stop(name: string, end: { readonly error: string; readonly cause: string }): Promise<void>;
}

/** What the execution of a run is called. */
export const executionName = (jobId: string, run: number): string => `${jobId}-${run}`;
