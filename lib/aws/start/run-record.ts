import { assert } from '../../errors.ts';
import type { ResolvedOptions } from '../../job/job-options.ts';
import type { World } from '../../ports/world.ts';
import { runKey } from '../../work/work-layout.ts';

/** What one run of a job was started with, written by whoever starts it: `jobs/<jobId>/run-<n>.json`. None of it is part of the job's identity. */
export type RunRecord = {
  readonly format: 1;
  readonly run: number;
  /** Tasks at a time; WORKERS_OPEN = as many as the account's concurrency allows, which Plan finds out. */
  readonly workers: number;
  /** Records of an asynchronous map in flight at a time. */
  readonly concurrency: number;
  /** How long user code may have one record, or one group, in hand. */
  readonly recordTimeoutMs: number;
  /** The run fails once its attempts have cost that much; null = no limit. */
  readonly budgetUsd: number | null;
  /** May this run replace what others left at the output? */
  readonly overwrite: boolean;
};

/** What a run is to be started with. */
export type RunSettings = Omit<RunRecord, 'format' | 'run'>;

export const WORKERS_OPEN = 0;

export function runSettingsOf(options: ResolvedOptions, overwrite: boolean): RunSettings {
  const { workers, concurrency, recordTimeoutMs, budgetUsd } = options;
  return { workers: workers === 'inline' ? WORKERS_OPEN : workers, concurrency, recordTimeoutMs, budgetUsd, overwrite };
}

/** One GET. @throws ObjectMissingError */
export async function readRunRecord(world: Pick<World, 'work'>, jobId: string, run: number): Promise<RunRecord> {
  const record = JSON.parse(Buffer.from(await world.work.read(runKey(jobId, run))).toString('utf8')) as RunRecord;
  assert(record.format === 1 && record.run === run, 'a run record says which run it is of');
  return record;
}
