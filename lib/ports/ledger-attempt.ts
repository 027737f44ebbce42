import type { Failure } from '../errors.ts';
import type { Commit, TaskItem, TaskResult } from './task-ledger.ts';

/** One attempt as a ledger keeps it. A task is the list of these, in the order of their numbers. */
export type LedgerAttempt = {
  readonly attemptId: string;
  /** From 1, in the order they began. */
  readonly number: number;
  readonly beganAtMs: number;
  /** 0 where nobody pays for it. */
  readonly sandboxMemoryMb: number;
  readonly end: AttemptEnd | undefined;
  /** When it was known to have ended: by its commit, also one invalidated since, its loss or its failure. */
  readonly endedAtMs?: number;
  /** Of a committed or invalidated attempt. */
  readonly commit?: Commit;
  /** Of a failed attempt. */
  readonly failure?: Failure;
};

export type AttemptEnd = 'committed' | 'lost' | 'failed' | 'invalidated';

/** What the ledger answers, and the record to store in the same transaction, if any. Pure: adapters read, ask, and write. */
export type Decision<Answer> = { readonly answer: Answer; readonly record?: LedgerAttempt };

/** The record of an attempt that has begun before is the one in the list. */
export function decideBegin(
  attempts: readonly LedgerAttempt[],
  attemptId: string,
  nowMs: number,
  sandboxMemoryBytes: number,
): Decision<{ readonly kind: 'begun'; readonly attempt: number } | { readonly kind: 'committed'; readonly commit: Commit }> {
  const commit = commitOf(attempts);
  if (commit !== undefined) return { answer: { kind: 'committed', commit } };
  const record = recordOf(attempts, attemptId, nowMs, sandboxMemoryBytes);
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
  const record = recordOf(attempts, attemptId, nowMs);
  if (record.end === 'invalidated') return { answer: { kind: 'invalidated' } };
  if (winner !== undefined) {
    const answer = { kind: 'lost', winner } as const;
    return record.end === undefined ? { answer, record: { ...record, end: 'lost', endedAtMs: nowMs } } : { answer };
  }
  const commit = { attemptId, committedAtMs: nowMs, result };
  const { failure: _, ...rest } = record;
  return { answer: { kind: 'won' }, record: { ...rest, end: 'committed', endedAtMs: nowMs, commit } };
}

export function decideFail(
  attempts: readonly LedgerAttempt[],
  attemptId: string,
  failure: Failure,
  nowMs: number,
): Decision<void> {
  const record = recordOf(attempts, attemptId, nowMs);
  if (record.end !== undefined) return { answer: undefined };
  return { answer: undefined, record: { ...record, end: 'failed', endedAtMs: nowMs, failure } };
}

/** `record` is there only for the first of several equal requests: the job changes with it. */
export function decideInvalidate(attempts: readonly LedgerAttempt[], attemptId: string): Decision<'invalidated' | 'not-current'> {
  const record = attempts.find((attempt) => attempt.attemptId === attemptId);
  if (record?.end === 'invalidated') return { answer: 'invalidated' };
  if (record?.end !== 'committed') return { answer: 'not-current' };
  return { answer: 'invalidated', record: { ...record, end: 'invalidated' } };
}

/** What `readTask` says of a task with these attempts. */
export function taskItemOf(index: number, attempts: readonly LedgerAttempt[]): TaskItem {
  const commit = commitOf(attempts);
  const ended = attempts.filter((attempt) => attempt.end !== undefined);
  const lastFailure = attempts.findLast((attempt) => attempt.end === 'failed')?.failure;
  return {
    index,
    attempts: attempts.length,
    lost: attempts.filter((attempt) => attempt.end === 'lost').length,
    failed: attempts.filter((attempt) => attempt.end === 'failed').length,
    ...(commit && { commit }),
    ...(lastFailure && { lastFailure }),
    invalidated: attempts.filter((attempt) => attempt.end === 'invalidated').map((attempt) => attempt.attemptId),
    usage: {
      finishedMbMs: ended.reduce((total, attempt) => total + usedMbMs(attempt), 0),
      running: attempts
        .filter((attempt) => attempt.end === undefined)
        .map(({ beganAtMs, sandboxMemoryMb }) => ({ beganAtMs, sandboxMemoryMb })),
    },
  };
}

/** Memory × time of an attempt that has ended. Clocks of sandboxes differ a little, so an end may seem to be before its begin. */
export function usedMbMs({ beganAtMs, endedAtMs = beganAtMs, sandboxMemoryMb }: LedgerAttempt): number {
  return Math.max(0, endedAtMs - beganAtMs) * sandboxMemoryMb;
}

/** The winner's commit, if there is one. There is never a second. */
function commitOf(attempts: readonly LedgerAttempt[]): Commit | undefined {
  return attempts.find((attempt) => attempt.end === 'committed')?.commit;
}

/** The attempt's record, or the one it begins with. */
function recordOf(attempts: readonly LedgerAttempt[], attemptId: string, nowMs: number, sandboxMemoryBytes = 0): LedgerAttempt {
  const record = attempts.find((attempt) => attempt.attemptId === attemptId);
  if (record !== undefined) return record;
  const number = (attempts.at(-1)?.number ?? 0) + 1;
  return { attemptId, number, beganAtMs: nowMs, sandboxMemoryMb: sandboxMemoryBytes / 2 ** 20, end: undefined };
}
