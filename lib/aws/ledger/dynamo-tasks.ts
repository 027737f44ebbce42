import { assert, type Failure } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import {
  type Decision,
  decideBegin,
  decideCommit,
  decideFail,
  decideInvalidate,
  type LedgerAttempt,
} from '../../ports/ledger-attempt.ts';
import { invalidatedJob, mayInvalidate } from '../../ports/ledger-job.ts';
import type { Phase, TaskId, TaskItem, TaskLedger, TaskResult } from '../../ports/task-ledger.ts';
import type { Item } from './attribute-value.ts';
import type { Action, Change, DynamoTable } from './dynamo-table.ts';
import { jobOfItem } from './ledger-job-item.ts';
import { jobItemKey, type LedgerKey, SHARDS, shardKey, taskItemKey } from './ledger-keys.ts';
import { expiresAt } from './ledger-table.ts';
import {
  ATTEMPTS_KEPT_MAX,
  commitAttribute,
  failureAttribute,
  itemOfTask,
  type LedgerTask,
  NO_TASK,
  taskItemFrom,
  taskOfItem,
} from './ledger-task-item.ts';
import { busyItem, sameVersion, WRITES_MAX } from './optimistic-write.ts';

/**
 * The attempts of tasks. Begin and commit are one write each where nobody else is at the task: the condition says all that makes the
 * answer right. Where it fails, the old item comes back with it, the pure functions of lib/ports decide on that, and what they decide is
 * written on the condition that the item is still that one.
 */
export class DynamoTasks {
  readonly #table: DynamoTable;
  readonly #clock: Clock;

  constructor(table: DynamoTable, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  async begin(task: TaskId, attemptId: string, sandboxMemoryBytes: number): ReturnType<TaskLedger['beginAttempt']> {
    const nowMs = this.#clock.nowMs();
    const decide = (attempts: readonly LedgerAttempt[]) => decideBegin(attempts, attemptId, nowMs, sandboxMemoryBytes);
    const [record] = [decide([]).record];
    assert(record !== undefined, 'the first attempt of a task begins');
    const append = (column: string, value: string): string =>
      `#${column} = list_append(if_not_exists(#${column}, :none), :${value})`;
    const columns = [append('attempts', 'ids'), append('beganAtMs', 'began'), append('memoryMb', 'memory')];
    const written = await this.#table.update(taskItemKey(task), {
      condition: `attribute_not_exists(#commit) AND NOT contains(#attempts, :attemptId)
        AND (attribute_not_exists(#attempts) OR size(#attempts) < :kept)`,
      update: `SET ${columns.join(', ')}, #version = if_not_exists(#version, :zero) + :one, #expiresAt = :expiresAt`,
      values: {
        attemptId,
        ids: [attemptId],
        began: [record.beganAtMs],
        memory: [record.sandboxMemoryMb],
        kept: ATTEMPTS_KEPT_MAX,
        ...changedValues(nowMs),
        none: [],
        zero: 0,
      },
    });
    if (written.kind === 'refused') return await this.#decideOn(task, written.item, decide);
    const { attempts } = taskOfItem(written.item);
    return { kind: 'begun', attempt: attempts.at(-1)!.number };
  }

  async commit(task: TaskId, attemptId: string, result: TaskResult): ReturnType<TaskLedger['commit']> {
    const nowMs = this.#clock.nowMs();
    const commit = commitAttribute({ attemptId, committedAtMs: nowMs, result });
    const written = await this.#table.update(taskItemKey(task), {
      condition: 'attribute_not_exists(#commit) AND contains(#attempts, :attemptId) AND attribute_not_exists(#ends.#id)',
      update: `SET #commit = :commit, ${CHANGED}`,
      names: { id: attemptId },
      values: { attemptId, commit, ...changedValues(nowMs) },
    });
    if (written.kind === 'written') return { kind: 'won' };
    return await this.#decideOn(task, written.item, (attempts) => decideCommit(attempts, attemptId, result, nowMs));
  }

  async fail(task: TaskId, attemptId: string, failure: Failure): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const written = await this.#table.update(taskItemKey(task), {
      condition: `contains(#attempts, :attemptId) AND attribute_not_exists(#ends)
        AND (attribute_not_exists(#commit) OR #commit.#attemptId <> :attemptId)`,
      update: `SET #ends = :ends, #failure = :failure, ${CHANGED}`,
      values: {
        attemptId,
        ends: { [attemptId]: ['failed', nowMs] },
        failure: failureAttribute(attemptId, failure),
        ...changedValues(nowMs),
      },
    });
    if (written.kind === 'written') return;
    await this.#decideOn(task, written.item, (attempts) => decideFail(attempts, attemptId, failure, nowMs));
  }

  /** One transaction over the task and its job. Several invalidations of one job do not wait for each other: each adds one to what is there. */
  async invalidate(task: TaskId, attemptId: string, run: number): Promise<'invalidated' | 'not-current'> {
    const key = taskItemKey(task);
    for (let writes = 0; writes < WRITES_MAX; writes++) {
      const [jobItem, taskItem] = await Promise.all([this.#table.get(jobItemKey(task.jobId)), this.#table.get(key)]);
      const job = jobItem && jobOfItem(jobItem).held;
      if (job === undefined || !mayInvalidate(job, run)) return 'not-current';
      const held = taskItem ? taskOfItem(taskItem) : NO_TASK;
      const { answer, record } = decideInvalidate(held.attempts, attemptId);
      if (record === undefined) return answer;
      const nowMs = this.#clock.nowMs();
      const { job: changed } = invalidatedJob(job, task.step, task.phase, nowMs);
      const isMoved = changed.state !== job.job.state;
      const change: Change = {
        condition: '#run = :run AND #state = :from',
        update: [
          `SET #state = :to, #updatedAtMs = :nowMs, ${CHANGED}`,
          ...(task.phase === 'map' ? [`, #generations[${task.step}] = #generations[${task.step}] + :one`] : []),
          ...(isMoved ? [' REMOVE #lastMove'] : []),
        ].join(''),
        values: { run, from: job.job.state, to: changed.state, nowMs, ...changedValues(nowMs) },
      };
      const actions: readonly Action[] = [
        { put: this.#changed(key, held, record, nowMs), if: sameVersion(held) },
        { update: jobItemKey(task.jobId), change },
      ];
      if ((await this.#table.transact(actions)).kind === 'written') return answer;
    }
    throw busyItem(this.#table, key);
  }

  async read(task: TaskId): Promise<TaskItem | undefined> {
    const item = await this.#table.get(taskItemKey(task));
    return item && taskItemFrom(item);
  }

  /** The shards are read side by side, a page or two of each at a time, and merged by index. */
  async *readAll(jobId: string, step: number, phase: Phase): AsyncGenerator<readonly TaskItem[]> {
    const shards = Array.from({ length: SHARDS }, (_, shard) => ({
      pages: this.#table.query(shardKey({ jobId, step, phase }, shard)),
      tasks: [] as TaskItem[],
      isOver: false,
    }));
    for (;;) {
      await Promise.all(
        shards.map(async (shard) => {
          if (shard.isOver || shard.tasks.length >= TASKS_AHEAD_MIN) return;
          const page = await shard.pages.next();
          if (page.done) shard.isOver = true;
          else shard.tasks.push(...page.value.map(taskItemFrom));
        }),
      );
      // No shard that has more pages has a task up to here that is not read yet.
      const end = Math.min(...shards.filter((shard) => !shard.isOver).map((shard) => shard.tasks.at(-1)!.index));
      const ready = shards.flatMap((shard) => {
        const beyond = shard.tasks.findIndex((task) => task.index > end);
        return shard.tasks.splice(0, beyond === -1 ? shard.tasks.length : beyond);
      });
      ready.sort((left, right) => left.index - right.index);
      for (let at = 0; at < ready.length; at += PAGE_TASKS_MAX) yield ready.slice(at, at + PAGE_TASKS_MAX);
      if (shards.every((shard) => shard.isOver)) return;
    }
  }

  /** Decides on the item that was found, and writes the outcome while it is that item; else on the one that is there by then. */
  async #decideOn<Answer>(
    task: TaskId,
    found: Item | undefined,
    decide: (attempts: readonly LedgerAttempt[]) => Decision<Answer>,
  ): Promise<Answer> {
    const key = taskItemKey(task);
    let item = found;
    for (let writes = 0; writes < WRITES_MAX; writes++) {
      const held = item ? taskOfItem(item) : NO_TASK;
      const { answer, record } = decide(held.attempts);
      if (record === undefined || held.attempts.includes(record)) return answer;
      const written = await this.#table.put(this.#changed(key, held, record, this.#clock.nowMs()), sameVersion(held));
      if (written.kind === 'written') return answer;
      item = written.item;
    }
    throw busyItem(this.#table, key);
  }

  #changed(key: LedgerKey, task: LedgerTask, record: LedgerAttempt, nowMs: number): Item {
    const isNew = task.attempts.every(({ attemptId }) => attemptId !== record.attemptId);
    const others = task.attempts.map((attempt) => (attempt.attemptId === record.attemptId ? record : attempt));
    return itemOfTask(key, { ...task, attempts: isNew ? [...others, record] : others }, expiresAt(nowMs));
  }
}

const PAGE_TASKS_MAX = 1000;
/** A shard with fewer tasks at hand reads its next page: shards that advance alike read theirs at the same time. */
const TASKS_AHEAD_MIN = 500;
const CHANGED = '#version = #version + :one, #expiresAt = :expiresAt';

function changedValues(nowMs: number) {
  return { one: 1, expiresAt: expiresAt(nowMs) };
}
