import type { Failure } from '../errors.ts';
import type { TaskItem, TaskResult } from './task-ledger.ts';

/** One attempt as a ledger keeps it. A task is the list of these, in the order of their numbers. */
export type AttemptRecord = {
  readonly attemptId: string;
  /** From 1, in the order they began. */
  readonly number: number;
  readonly end: AttemptEnd | undefined;
  /** Of a committed or invalidated attempt. */
  readonly result?: TaskResult;
  readonly committedAtMs?: number;
  readonly failure?: Failure;
};

export type AttemptEnd = 'committed' | 'lost' | 'failed' | 'invalidated';

/** What `readTask` says of a task with these attempts. */
export function taskItemOf(index: number, attempts: readonly AttemptRecord[]): TaskItem {
  const committed = committedOf(attempts);
  const lastFailure = attempts.findLast((attempt) => attempt.end === 'failed')?.failure;
  return {
    index,
    attempts: attempts.length,
    lost: attempts.filter((attempt) => attempt.end === 'lost').length,
    failed: attempts.filter((attempt) => attempt.end === 'failed').length,
    ...(committed && { commit: commitOf(committed) }),
    ...(lastFailure && { lastFailure }),
    invalidated: attempts.filter((attempt) => attempt.end === 'invalidated').map((attempt) => attempt.attemptId),
  };
}

/** The winner's record, if there is one. There is never a second. */
export function committedOf(attempts: readonly AttemptRecord[]): CommittedRecord | undefined {
  return attempts.find(isCommitted);
}

export function commitOf({ attemptId, committedAtMs, result }: CommittedRecord): NonNullable<TaskItem['commit']> {
  return { attemptId, committedAtMs, result };
}

type CommittedRecord = AttemptRecord & { readonly end: 'committed'; readonly result: TaskResult; readonly committedAtMs: number };

function isCommitted(attempt: AttemptRecord): attempt is CommittedRecord {
  return attempt.end === 'committed';
}

/** The attempt's record, or the one it would begin with: the ledger may meet an attempt at its end first. */
export function recordOf(attempts: readonly AttemptRecord[], attemptId: string): AttemptRecord {
  const record = attempts.find((attempt) => attempt.attemptId === attemptId);
  return record ?? { attemptId, number: (attempts.at(-1)?.number ?? 0) + 1, end: undefined };
}
