import { type Failure, RefoldError } from '../../errors.ts';
import { type AttemptEnd, type LedgerAttempt, taskItemOf, usedMbMs } from '../../ports/ledger-attempt.ts';
import type { TaskItem, TaskResult } from '../../ports/task-ledger.ts';
import { fromItem, type Item, type PlainItem, toItem } from './attribute-value.ts';
import { type LedgerKey, taskIndexOf } from './ledger-keys.ts';

/** A task as DynamoDB keeps it. */
export type LedgerTask = {
  /** Without those that are folded; numbers go on from there. */
  readonly attempts: readonly LedgerAttempt[];
  readonly folded: FoldedAttempts;
  /** Raised by every change; 0 before the first. */
  readonly version: number;
};

/** Attempts of which only sums are left. */
export type FoldedAttempts = {
  readonly attempts: number;
  readonly lost: number;
  readonly failed: number;
  readonly usedMbMs: number;
};

/** An item has at most this many attempts one by one; from there on sums stand for the older half, so that it stays within a few KB. */
export const ATTEMPTS_KEPT_MAX = 64;

/**
 * The attributes, beside the keys and `expiresAt`. Columns, so that one update can add an attempt without knowing the others, whose
 * number is then its place. An item of one attempt that has committed takes about half of the KB that a write unit covers.
 */
export type TaskAttributes = {
  /** Ids in the order they began. */
  readonly attempts: readonly string[];
  readonly beganAtMs: readonly number[];
  readonly memoryMb: readonly number[];
  /** By attempt id: `[end, endedAtMs]`, but for the committed one. */
  readonly ends?: { readonly [attemptId: string]: readonly [AttemptEnd, number] };
  readonly commit?: CommitAttribute;
  /** Of the failed attempt that began last. Those of others are dropped: each may have 2 KB. */
  readonly failure?: FailureAttribute;
  readonly folded?: FoldedAttempts;
  readonly version: number;
};

/** DynamoDB takes items of 400 KB; the rest is for attempts and a failure. Keys and ids are ASCII, so characters are bytes. */
const RESULT_BYTES_MAX = 350 * 1024;

/** A task mapped the pairs of more attempts than its item can name: about 11,000. Each KB of it also costs a write unit. */
export class ResultTooLargeError extends RefoldError {
  override readonly name = 'ResultTooLargeError';
  readonly code = 'REFOLD_RESULT_TOO_LARGE';
  readonly retryable = false;
  readonly hint =
    'Lower --split-bytes, or give the earlier job fewer reduce tasks (reduceTasks), so that a task reads fewer of its parts.';
  constructor(values: { bytes: number; upstream: number }, options?: ErrorOptions) {
    const { bytes, upstream } = values;
    super(`The task mapped parts of ${upstream} earlier tasks, too many for the ledger (${bytes} bytes).`, values, options);
  }
}

/** The failure and the result as JSON. */
type FailureAttribute = { readonly attemptId: string; readonly failure: string };
type CommitAttribute = { readonly attemptId: string; readonly committedAtMs: number; readonly result: string };

export const NO_TASK: LedgerTask = { attempts: [], folded: { attempts: 0, lost: 0, failed: 0, usedMbMs: 0 }, version: 0 };

export function taskOfItem(item: Item): LedgerTask {
  const {
    attempts: ids,
    beganAtMs,
    memoryMb,
    ends,
    commit,
    failure,
    folded,
    version,
  } = fromItem<TaskAttributes & PlainItem>(item);
  const attempts = ids.map((attemptId, at): LedgerAttempt => {
    const [end, endedAtMs] =
      commit?.attemptId === attemptId ? (['committed', commit.committedAtMs] as const) : (ends?.[attemptId] ?? []);
    return {
      attemptId,
      number: (folded?.attempts ?? 0) + at + 1,
      beganAtMs: beganAtMs[at]!,
      sandboxMemoryMb: memoryMb[at]!,
      end,
      ...(endedAtMs !== undefined && { endedAtMs }),
      ...(end === 'committed' && commit && { commit: { ...commit, result: JSON.parse(commit.result) as TaskResult } }),
      ...(end === 'failed' && failure?.attemptId === attemptId && { failure: JSON.parse(failure.failure) as Failure }),
    };
  });
  return { attempts, folded: folded ?? NO_TASK.folded, version };
}

/** The whole item, as the next version. */
export function itemOfTask(key: LedgerKey, task: LedgerTask, expiresAt: number): Item {
  const { attempts, folded, version } = fold(task);
  const ends = attempts.filter(({ end }) => end !== undefined && end !== 'committed');
  const winner = attempts.find(({ end }) => end === 'committed');
  const failed = attempts.findLast(({ end }) => end === 'failed');
  const attributes: TaskAttributes = {
    attempts: attempts.map(({ attemptId }) => attemptId),
    beganAtMs: attempts.map(({ beganAtMs }) => beganAtMs),
    memoryMb: attempts.map(({ sandboxMemoryMb }) => sandboxMemoryMb),
    ...(ends.length > 0 && {
      ends: Object.fromEntries(
        ends.map(({ attemptId, end, endedAtMs, beganAtMs }) => [attemptId, [end!, endedAtMs ?? beganAtMs]]),
      ),
    }),
    ...(winner?.commit && { commit: commitAttribute(winner.commit) }),
    ...(failed?.failure && { failure: failureAttribute(failed.attemptId, failed.failure) }),
    ...(folded.attempts > 0 && { folded }),
    version: version + 1,
  };
  return toItem({ ...key, ...attributes, expiresAt });
}

/** @throws ResultTooLargeError */
export function commitAttribute(commit: NonNullable<LedgerAttempt['commit']>): CommitAttribute {
  const result = JSON.stringify(commit.result);
  if (result.length > RESULT_BYTES_MAX) {
    throw new ResultTooLargeError({ bytes: result.length, upstream: commit.result.upstream?.length ?? 0 });
  }
  return { ...commit, result };
}

export function failureAttribute(attemptId: string, failure: Failure): FailureAttribute {
  return { attemptId, failure: JSON.stringify(failure) };
}

/** What callers see of an item. */
export function taskItemFrom(item: Item): TaskItem {
  const { attempts, folded } = taskOfItem(item);
  const { sk } = fromItem<LedgerKey & PlainItem>(item);
  const task = taskItemOf(taskIndexOf({ sk }), attempts);
  return {
    ...task,
    attempts: task.attempts + folded.attempts,
    lost: task.lost + folded.lost,
    failed: task.failed + folded.failed,
    usage: { ...task.usage, finishedMbMs: task.usage.finishedMbMs + folded.usedMbMs },
  };
}

/**
 * Keeps the sums of the oldest attempts where there are too many. Never of one that has committed or was invalidated, on which answers
 * depend, nor of the last one or the last failure. An attempt that is folded and comes back counts as another one; one that never ended
 * counts as abandoned, without its time. An invalidated one's number may change, which nobody asks for any more.
 */
function fold(task: LedgerTask): LedgerTask {
  const { attempts } = task;
  if (attempts.length <= ATTEMPTS_KEPT_MAX) return task;
  const lastFailed = attempts.findLast(({ end }) => end === 'failed');
  const surplus = attempts
    .slice(0, -1)
    .filter((attempt) => attempt !== lastFailed && attempt.end !== 'committed' && attempt.end !== 'invalidated')
    .slice(0, attempts.length - ATTEMPTS_KEPT_MAX / 2);
  const folded = surplus.reduce(
    (sums, attempt) => ({
      attempts: sums.attempts + 1,
      lost: sums.lost + (attempt.end === 'lost' ? 1 : 0),
      failed: sums.failed + (attempt.end === 'failed' ? 1 : 0),
      usedMbMs: sums.usedMbMs + usedMbMs(attempt),
    }),
    task.folded,
  );
  return { ...task, attempts: attempts.filter((attempt) => !surplus.includes(attempt)), folded };
}
