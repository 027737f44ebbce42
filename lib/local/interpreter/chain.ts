import type { Json } from '../../coordinator/states.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Context, ContextScope, MapItem } from './context.ts';
import { MachineError } from './machine-error.ts';

/** Everything outside the machine. */
export type MachineWorld = {
  /**
   * Runs a function with a payload that it must not change. An error's name is what Retry and Catch match. `signal` is aborted when
   * the answer is no longer wanted: timed out, its phase failed, or the machine was stopped. Such an invocation is not waited for.
   */
  invoke(functionArn: string, payload: Json, signal: AbortSignal): Promise<unknown>;
  /** The items of a JSON array object, read as the map gets to them. An error becomes `States.ItemReaderFailed`. */
  readJsonArray(bucket: string, key: string): Iterable<unknown> | AsyncIterable<unknown>;
  readonly clock: Clock;
  /** Uniform in [0, 1), for the jitter of retries. */
  random(): number;
  /** Stops the machine. */
  readonly signal?: AbortSignal;
  /** @default "local" */
  readonly executionName?: string;
  /** Called with the name of each state of the machine that is entered; not for branches and item processors. */
  entered?(stateName: string): void;
};

/** What a running chain of states knows of where it runs. */
export type Scope = {
  readonly world: MachineWorld;
  readonly execution: Context['Execution'];
  readonly signal: AbortSignal;
  readonly mapItem?: MapItem;
};

/** The data after a state, and the state that follows; undefined at the end. */
export type Step = { readonly output: Json; readonly next: string | undefined };

/** A checked state, ready to run any number of times at once. */
export type RunnableState = {
  readonly name: string;
  /** Every state that may follow. */
  readonly targets: readonly string[];
  /** @throws MachineError when the state fails and nothing of it catches that */
  run(input: Json, scope: Scope): Step | Promise<Step>;
};

/** A machine, a branch or an item processor. */
export type Chain = { readonly startAt: string; readonly states: ReadonlyMap<string, RunnableState> };

/** How a state is parsed: where it stands, and what may be named there. */
export type ParseScope = {
  readonly context: ContextScope;
  parseChain(where: string, definition: unknown, context: ContextScope, ignored?: readonly string[]): Chain;
};

/** @throws MachineError when a state fails; the signal's reason when it is aborted */
export async function runChain(chain: Chain, input: Json, scope: Scope, entered?: (stateName: string) => void): Promise<Json> {
  let data = input;
  let name: string | undefined = chain.startAt;
  while (name !== undefined) {
    if (scope.signal.aborted) throw scope.signal.reason;
    const state: RunnableState | undefined = chain.states.get(name);
    if (state === undefined) throw new MachineError('States.Runtime', `There is no state ${name}.`);
    entered?.(name);
    const step: Step | Promise<Step> = state.run(data, scope);
    const { output, next }: Step = step instanceof Promise ? await step : step;
    data = output;
    name = next;
  }
  return data;
}
