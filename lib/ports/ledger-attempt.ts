import type { Failure } from '../errors.ts';
import type { Commit, TaskItem, TaskResult } from './task-ledger.ts';

/** One attempt as a ledger keeps it. A task is the list of these, in the order of their numbers. */
export type LedgerAttempt = {
  readonly attemptId: string;
  /** From 1, in the order they began. */
  readonly number: number;
  readonly end: AttemptEnd | undefined;
  /** Of a committed or invalidated attempt. */
  readonly commit?: Commit;
  /** Of a failed attempt. */
  readonly failure?: Failure;
};

export type AttemptEnd = 'committed' | 'lost' | 'failed' | 'invalidated';

/** What the ledger answers, and the record to store in the same transaction, if any. Pure: adapters read, ask, and write. */
export type Decision<Answer> = { readonly answer: Answer; readonly record?: LedgerAttempt };

export function decideBegin(
  attempts: readonly LedgerAttempt[],
  attemptId: string,
): Decision<{ readonly kind: 'begun'; readonly attempt: number } | { readonly kind: 'committed'; readonly commit: Commit }> {
  const commit = commitOf(attempts);
  if (commit !== undefined) return { answer: { kind: 'committed', commit } };
  const record = recordOf(attempts, attemptId);
  return { answer: { kind: 'begun', attempt: record.number }, record };
}

export function decideCommit(
  attempts: readonly LedgerAttempt[],
  attemptId: string,
  result: TaskResult,
  nowMs: number,
): Decision<{ readonly kind: 'won' } | { readonly kind: 'lost'; readonly winner: Commit } | { readonly kind: 'invalidated' }> {
  const winner = commitOf(attempts);
  if (winner?.attemptId === attemptId) return { answer: { kind: 'won' } };
  const record = recordOf(attempts, attemptId);
  if (record.end === 'invalidated') return { answer: { kind: 'invalidated' } };
  if (winner !== undefined) {
    const answer = { kind: 'lost', winner } as const;
    return record.end === undefined ? { answer, record: { ...record, end: 'lost' } } : { answer };
  }
  const commit = { attemptId, committedAtMs: nowMs, result };
  return { answer: { kind: 'won' }, record: { attemptId, number: record.number, end: 'committed', commit } };
}

export function decideFail(attempts: readonly LedgerAttempt[], attemptId: string, failure: Failure): Decision<void> {
  const record = recordOf(attempts, attemptId);
  if (record.end !== undefined) return { answer: undefined };
  return { answer: undefined, record: { ...record, end: 'failed', failure } };
}

/** `record` is there only for the first of several equal requests: the job changes with it. */
export function decideInvalidate(attempts: readonly LedgerAttempt[], attemptId: string): Decision<'invalidated' | 'not-current'> {
  const record = recordOf(attempts, attemptId);
  if (record.end === 'invalidated') return { answer: 'invalidated' };
  if (record.end !== 'committed') return { answer: 'not-current' };
  return { answer: 'invalidated', record: { ...record, end: 'invalidated' } };
}

/** What `readTask` says of a task with these attempts. */
export function taskItemOf(index: number, attempts: readonly LedgerAttempt[]): TaskItem {
  const commit = commitOf(attempts);
  const lastFailure = attempts.findLast((attempt) => attempt.end === 'failed')?.failure;
  return {
    index,
    attempts: attempts.length,
    lost: attempts.filter((attempt) => attempt.end === 'lost').length,
    failed: attempts.filter((attempt) => attempt.end === 'failed').length,
    ...(commit && { commit }),
    ...(lastFailure && { lastFailure }),
    invalidated: attempts.filter((attempt) => attempt.end === 'invalidated').map((attempt) => attempt.attemptId),
  };
}

/** The winner's commit, if there is one. There is never a second. */
function commitOf(attempts: readonly LedgerAttempt[]): Commit | undefined {
  return attempts.find((attempt) => attempt.end === 'committed')?.commit;
}

/** The attempt's record, or the one it begins with. */
function recordOf(attempts: readonly LedgerAttempt[], attemptId: string): LedgerAttempt {
  const record = attempts.find((attempt) => attempt.attemptId === attemptId);
  return record ?? { attemptId, number: attempts.length + 1, end: undefined };
}
