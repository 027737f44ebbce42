import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Item, toItem } from '../../../lib/aws/ledger/attribute-value.ts';
import { taskItemKey } from '../../../lib/aws/ledger/ledger-keys.ts';
import {
  ATTEMPTS_KEPT_MAX,
  itemOfTask,
  type LedgerTask,
  NO_TASK,
  ResultTooLargeError,
  taskItemFrom,
  taskOfItem,
} from '../../../lib/aws/ledger/ledger-task-item.ts';
import { RandomIds } from '../../../lib/node/random-ids.ts';
import {
  decideBegin,
  decideCommit,
  decideFail,
  decideInvalidate,
  type LedgerAttempt,
  taskItemOf,
} from '../../../lib/ports/ledger-attempt.ts';
import { countAbandoned, type TaskId, type TaskResult } from '../../../lib/ports/task-ledger.ts';
import { segmentKey } from '../../../lib/work/work-layout.ts';

const KEY = taskItemKey({ jobId: 'job-1', step: 0, phase: 'map', index: 3 });
const RESULT: TaskResult = { kind: 'map', segmentKey: 'a.seg', segmentBytes: 1, footerStart: 0 };
const failure = (message: string) => ({ name: 'E', code: 'E', message, retryable: true });

/** Writes and reads the item after each decision, as the table would. */
class StoredTask {
  item: Item | undefined;

  get held(): LedgerTask {
    return this.item ? taskOfItem(this.item) : NO_TASK;
  }

  decide(decide: (attempts: readonly LedgerAttempt[]) => { readonly record?: LedgerAttempt }): void {
    const { attempts } = this.held;
    const { record } = decide(attempts);
    if (record === undefined) return;
    const at = attempts.findIndex(({ attemptId }) => attemptId === record.attemptId);
    const changed = at === -1 ? [...attempts, record] : attempts.toSpliced(at, 1, record);
    this.item = itemOfTask(KEY, { ...this.held, attempts: changed }, 1);
  }
}

describe("a task's item", () => {
  it('holds all that the ledger tells of a task, whatever its attempts did', () => {
    const call = fc.record({
      kind: fc.constantFrom('begin', 'commit', 'fail', 'invalidate'),
      attemptId: fc.constantFrom('a', 'b', 'c', 'd'),
      memory: fc.nat({ max: 10 }),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 25 }), (calls) => {
        const stored = new StoredTask();
        let attempts: readonly LedgerAttempt[] = [];
        calls.forEach(({ kind, attemptId, memory }, nowMs) => {
          const decide = (list: readonly LedgerAttempt[]): { readonly record?: LedgerAttempt } => {
            if (kind === 'begin') return decideBegin(list, attemptId, nowMs, memory * 2 ** 20);
            if (kind === 'commit') return decideCommit(list, attemptId, RESULT, nowMs);
            if (kind === 'fail') return decideFail(list, attemptId, failure(`${attemptId} at ${nowMs}`), nowMs);
            return decideInvalidate(list, attemptId);
          };
          const { record } = decide(attempts);
          if (record) attempts = attempts.toSpliced(record.number - 1, 1, record);
          stored.decide(decide);
        });
        if (stored.item === undefined) {
          expect(attempts).toEqual([]);
          return;
        }
        // Of several failures the item keeps the last one's; where that attempt won after all, none is left.
        const { lastFailure, ...found } = taskItemFrom(stored.item);
        const { lastFailure: expectedFailure, ...expected } = taskItemOf(3, attempts);
        expect(found).toEqual(expected);
        if (lastFailure) expect(lastFailure).toEqual(expectedFailure);
      }),
    );
  });

  it('takes one write unit for an ordinary task, and for one that was tried ten times', () => {
    const jobId = `${'a-job-of-a-long-name-'.repeat(2)}0123456789abcdef`;
    const task: TaskId = { jobId, step: 1, phase: 'reduce', index: 123_456 };
    const bytesOf = (tries: number) => {
      const ids = Array.from({ length: tries }, () => new RandomIds().newId());
      const nowMs = 1_800_000_000_000;
      let attempts: readonly LedgerAttempt[] = [];
      for (const id of ids) attempts = [...attempts, decideBegin(attempts, id, nowMs, 1769 * 2 ** 20).record!];
      const key = segmentKey(jobId, 1, 123_456, ids[0]!);
      const result: TaskResult = {
        kind: 'map',
        segmentKey: key,
        segmentBytes: 512 * 2 ** 20,
        footerStart: 511 * 2 ** 20,
        upstream: [],
      };
      const { record } = decideCommit(attempts, ids[0]!, result, nowMs);
      return sizeOf(itemOfTask(taskItemKey(task), { ...NO_TASK, attempts: [record!, ...attempts.slice(1)] }, 1_800_000_000));
    };
    expect(bytesOf(1)).toBeLessThan(640);
    expect(bytesOf(10)).toBeLessThanOrEqual(1024);
  });

  it('stays small however often a task is tried, and loses no count', () => {
    const stored = new StoredTask();
    const invalidated: string[] = [];
    for (let number = 1; number <= 1000; number++) {
      const attemptId = `attempt-${number}`;
      stored.decide((attempts) => decideBegin(attempts, attemptId, 1000, 2 ** 20));
      expect(stored.held.attempts.at(-1)).toMatchObject({ attemptId, number });
      if (number === 5) {
        stored.decide((attempts) => decideCommit(attempts, attemptId, RESULT, 1010));
        stored.decide((attempts) => decideInvalidate(attempts, attemptId));
        invalidated.push(attemptId);
      } else if (number % 2 === 0) {
        stored.decide((attempts) => decideFail(attempts, attemptId, failure('x'.repeat(2000)), 1003));
      }
      expect(stored.held.attempts.length).toBeLessThanOrEqual(ATTEMPTS_KEPT_MAX + 1);
    }
    const task = taskItemFrom(stored.item!);
    expect(task).toMatchObject({ attempts: 1000, failed: 500, lost: 0, invalidated, lastFailure: failure('x'.repeat(2000)) });
    expect(countAbandoned(task)).toBe(499);
    expect(task.usage.finishedMbMs).toBe(500 * 3 + 10);
    expect(sizeOf(stored.item!)).toBeLessThan(8 * 1024);
    // What was invalidated may never win, also after everything around it was folded.
    stored.decide((attempts) => {
      expect(decideCommit(attempts, 'attempt-5', RESULT, 2000).answer).toEqual({ kind: 'invalidated' });
      return {};
    });
  });

  it('refuses a result that DynamoDB would not take, with what to do', () => {
    const upstream = Array.from({ length: 12_000 }, () => new RandomIds().newId());
    const attempts = [decideCommit([], 'a', { ...RESULT, upstream }, 1).record!];
    expect(() => itemOfTask(KEY, { ...NO_TASK, attempts }, 1)).toThrow(ResultTooLargeError);
  });
});

describe('taskItemKey', () => {
  it('sorts as the indexes do, and spreads neighbours over shards', () => {
    const keys = Array.from({ length: 1000 }, (_, number) =>
      taskItemKey({ jobId: 'j', step: 0, phase: 'map', index: number * 397 }),
    );
    expect(keys.map((key) => key.sk)).toEqual(keys.map((key) => key.sk).toSorted());
    expect(new Set(keys.map((key) => key.pk)).size).toBe(16);
  });
});

/** DynamoDB's own rules (developer guide, "item sizes"), rounded up: text in bytes, numbers 21 at most, lists and maps 3 and 1 an element. */
function sizeOf(item: Item): number {
  const valueBytes = (value: Item[string]): number => {
    if (value.S !== undefined) return Buffer.byteLength(value.S);
    if (value.N !== undefined) return Math.ceil(value.N.replace(/[-.]/g, '').length / 2) + 2;
    if (value.L !== undefined) return 3 + value.L.reduce((total, element) => total + 1 + valueBytes(element), 0);
    return 3 + Object.values(value.M ?? {}).length + sizeOf(value.M ?? toItem({}));
  };
  return Object.entries(item).reduce((total, [name, value]) => total + Buffer.byteLength(name) + valueBytes(value), 0);
}
