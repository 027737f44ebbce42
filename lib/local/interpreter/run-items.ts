import type { Json } from '../../coordinator/states.ts';
import { DATA_BYTES_MAX, dataLimitExceeded, jsonBytes } from './data-limit.ts';
import type { ItemSource } from './item-source.ts';
import { linkSignal } from './linked-signal.ts';

export type ItemRun = {
  readonly stateName: string;
  readonly source: ItemSource;
  /** Items at a time, from 1. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** `signal` is aborted when the item's result is no longer wanted. */
  runItem(item: Json, index: number, signal: AbortSignal): Promise<Json>;
};

/**
 * Runs every item and answers their results in item order. The first failure rejects at once: no further item starts, running ones
 * are signalled and not waited for, as on AWS; what they still give is dropped. Results over the data limit are not kept: the run
 * goes on to its end, as on AWS, and then fails.
 */
export function runItems(run: ItemRun): Promise<readonly Json[]> {
  const { source, concurrency } = run;
  const { promise, resolve, reject } = Promise.withResolvers<readonly Json[]>();
  const own = linkSignal(run.signal);
  let results: Json[] | undefined = [];
  let resultBytes = 2; // The brackets; each result brings its comma.
  let started = 0;
  let lanes = 0;
  let failed = false;

  function keep(index: number, result: Json): void {
    resultBytes += jsonBytes(result) + (index > 0 ? 1 : 0);
    if (resultBytes > DATA_BYTES_MAX) results = undefined;
    if (results !== undefined) results[index] = result;
  }

  function fail(error: unknown): void {
    if (failed) return;
    failed = true;
    own.release();
    own.abort(error);
    source.close();
    reject(error);
  }

  function finish(): void {
    own.release();
    if (results === undefined) reject(dataLimitExceeded(run.stateName));
    else resolve(results);
  }

  /** One item after the other. A lane that finds one starts the next lane, so there are never more lanes than items. */
  async function runLane(): Promise<void> {
    lanes++;
    for (;;) {
      if (own.signal.aborted) throw own.signal.reason;
      const taken = source.take();
      const item = taken instanceof Promise ? await taken : taken;
      if (own.signal.aborted) throw own.signal.reason;
      if (item === undefined) break;
      const index = started++;
      const running = run.runItem(item, index, own.signal);
      if (lanes < concurrency) startLane();
      keep(index, await running);
    }
    lanes--;
    if (lanes === 0) finish();
  }

  function startLane(): void {
    runLane().catch(fail);
  }

  startLane();
  return promise;
}
