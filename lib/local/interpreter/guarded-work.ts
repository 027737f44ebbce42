import type { Json } from '../../coordinator/states.ts';
import type { ParseScope, RunnableState, Scope, Step } from './chain.ts';
import type { Context } from './context.ts';
import { checkDataLimit } from './data-limit.ts';
import type { Fields } from './fields.ts';
import { MachineError } from './machine-error.ts';
import { caughtOutput, parseCatch, parseRetry, RetryCounts } from './retry.ts';
import { contextOf, parseFlow } from './state-flow.ts';

/** The work of a Task, Map or Parallel. The result it gives is within the data limit. */
export type Work = (input: Json, scope: Scope, context: Context) => Promise<Json>;

/** A state around work that may fail: data flow, Retry and Catch. The caller ends `fields`. */
export function guardedState(name: string, fields: Fields, parse: ParseScope, work: Work): RunnableState {
  const flow = parseFlow(fields, parse, { resultSelector: true });
  const retriers = parseRetry(fields);
  const catchers = parseCatch(fields);

  async function run(raw: Json, scope: Scope): Promise<Step> {
    let counts: RetryCounts | undefined;
    for (let retryCount = 0; ; retryCount++) {
      const context = contextOf(scope, name, retryCount);
      try {
        const result = await work(flow.input(raw, context), scope, context);
        return { output: flow.output(raw, result, context), next: flow.next };
      } catch (error) {
        if (scope.signal.aborted) throw scope.signal.reason;
        if (!(error instanceof MachineError) || error.terminal) throw error;
        counts ??= new RetryCounts(retriers);
        const delayMs = counts.nextDelayMs(error.error, () => scope.world.random());
        if (delayMs !== undefined) {
          await scope.world.clock.sleep(delayMs, scope.signal);
          continue;
        }
        const catcher = catchers.find((each) => each.matches(error.error));
        if (catcher === undefined) throw error;
        const output = caughtOutput(catcher, raw, error);
        checkDataLimit(output, name);
        return { output, next: catcher.next };
      }
    }
  }

  const targets = catchers.map((catcher) => catcher.next);
  if (flow.next !== undefined) targets.push(flow.next);
  return { name, targets, run };
}
