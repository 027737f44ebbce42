import type { World } from '../../ports/world.ts';
import { encodeJson } from '../../work/json-object.ts';
import { runKey } from '../../work/work-layout.ts';
import { type RunRecord, WORKERS_OPEN } from '../start/run-record.ts';

/** Of the account's concurrency: the rest stays for the deciding functions, and for whatever else the account runs. */
const WORKERS_SHARE = 0.9;
/** More tasks at a time than one distributed map starts well. */
const WORKERS_MAX = 10_000;

/** Executions of functions that the account allows at a time and has not reserved for others. */
export type ReadConcurrency = () => Promise<number>;

/**
 * The run's record with its workers settled: where it leaves them open, as many as the account allows, written back so that every later
 * function of the run keeps to the same number. For Plan, which comes first in every run and alone may ask for the quota.
 */
export async function settleWorkers(
  world: Pick<World, 'work'>,
  jobId: string,
  record: RunRecord,
  readConcurrency: ReadConcurrency,
): Promise<RunRecord> {
  if (record.workers !== WORKERS_OPEN) return record;
  const allowed = Math.floor((await readConcurrency()) * WORKERS_SHARE);
  const settled = { ...record, workers: Math.max(1, Math.min(WORKERS_MAX, allowed)) };
  await world.work.put(runKey(jobId, record.run), encodeJson(settled));
  return settled;
}
