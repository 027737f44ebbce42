import { assert } from '../../errors.ts';
import type { Phase, TaskId } from '../../ports/task-ledger.ts';

/** The primary key of an item. */
export type LedgerKey = { readonly pk: string; readonly sk: string };

/**
 * Partition keys a phase is spread over. DynamoDB gives one partition key 1,000 write units a second, so 16 take 16,000, which is
 * 8,000 tasks begun and committed in each second: more than 10,000 sandboxes end. Part of the table's format: another number would
 * lose sight of the tasks that are there.
 */
export const SHARDS = 16;

export type PhaseId = Pick<TaskId, 'jobId' | 'step' | 'phase'>;

export function jobItemKey(jobId: string): LedgerKey {
  return { pk: jobId, sk: 'job' };
}

export function taskItemKey(task: TaskId): LedgerKey {
  return { pk: shardKey(task, task.index % SHARDS), sk: pad(task.index, INDEX_DIGITS) };
}

/** The partition key of one shard of a phase. Within it tasks are sorted by their indexes. */
export function shardKey({ jobId, step, phase }: PhaseId, shard: number): string {
  return `${jobId}#${step}#${phase satisfies Phase}#${shard}`;
}

export function taskIndexOf(key: Pick<LedgerKey, 'sk'>): number {
  return Number(key.sk);
}

export function leaseItemKey(outputPath: string): LedgerKey {
  return { pk: `lease#${outputPath}`, sk: 'lease' };
}

/** All months in which jobs were made. */
export const MONTHS_KEY = 'jobs';

export function monthOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 7);
}

export function monthKey(month: string): LedgerKey {
  return { pk: MONTHS_KEY, sk: month };
}

/** The partition key of a month's jobs, which are sorted by the time they were made. */
export function jobListKey(month: string): string {
  return `${MONTHS_KEY}#${month}`;
}

export function jobEntryKey(jobId: string, createdAtMs: number): LedgerKey {
  return { pk: jobListKey(monthOf(createdAtMs)), sk: `${pad(createdAtMs, TIME_DIGITS)}#${jobId}` };
}

/** The id in the sort key of an entry. */
export function jobIdOfEntry(key: Pick<LedgerKey, 'sk'>): string {
  return key.sk.slice(TIME_DIGITS + 1);
}

/** More than a Distributed Map's 10,000 children of 40 tasks can hold. */
const INDEX_DIGITS = 8;
const TIME_DIGITS = 15;

function pad(number: number, digits: number): string {
  assert(Number.isInteger(number) && number >= 0 && number < 10 ** digits, `keys sort as numbers of ${digits} digits do`);
  return String(number).padStart(digits, '0');
}
