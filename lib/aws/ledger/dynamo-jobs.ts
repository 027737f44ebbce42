import { assert, type Failure } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { type LedgerJob, mayMove, movedJob, startedRun } from '../../ports/ledger-job.ts';
import type { JobItem, JobState, Phase, TaskLedger } from '../../ports/task-ledger.ts';
import { fromItem, type Item, type PlainItem, toItem } from './attribute-value.ts';
import type { DynamoTable } from './dynamo-table.ts';
import { itemOfJob, jobOfItem, type StoredJob } from './ledger-job-item.ts';
import {
  jobEntryKey,
  jobIdOfEntry,
  jobItemKey,
  jobListKey,
  type LedgerKey,
  MONTHS_KEY,
  monthKey,
  monthOf,
  SHARDS,
  shardKey,
} from './ledger-keys.ts';
import { expiresAt } from './ledger-table.ts';
import { busyItem, sameVersion, WRITES_MAX } from './optimistic-write.ts';

/** The jobs. Their list is an entry a job by month, and an item a month: entries point at jobs, so that a job's changes are one write. */
export class DynamoJobs {
  readonly #table: DynamoTable;
  readonly #clock: Clock;
  /** Those that this process knows to be in the table. */
  readonly #months = new Set<string>();

  constructor(table: DynamoTable, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /** The month comes first: one without jobs does no harm, and a job in no month would not be listed. */
  async create(job: JobItem): ReturnType<TaskLedger['createJob']> {
    await this.#keepMonth(monthOf(job.createdAtMs));
    const nowMs = this.#clock.nowMs();
    const entry = toItem({ ...jobEntryKey(job.jobId, job.createdAtMs), expiresAt: expiresAt(nowMs + ENTRY_EXTRA_MS) });
    const created = await this.#table.transact([
      { put: itemOfJob({ held: { job }, version: 0 }, expiresAt(nowMs)), if: NO_ITEM },
      { put: entry, if: ANY_ITEM },
    ]);
    if (created.kind === 'written') return { kind: 'created', job };
    const held = existing(created.items[0], job.jobId).held.job;
    assert(held.fingerprint === job.fingerprint, `two different jobs must not share the id ${job.jobId}`);
    return { kind: 'exists', job: held };
  }

  async read(jobId: string): Promise<JobItem | undefined> {
    const item = await this.#table.get(jobItemKey(jobId));
    return item && jobOfItem(item).held.job;
  }

  async list(): Promise<readonly JobItem[]> {
    const jobs: JobItem[] = [];
    for await (const months of this.#table.query(MONTHS_KEY, { descending: true, keysOnly: true })) {
      for (const month of months) {
        for await (const page of this.#table.query(jobListKey(keyOf(month).sk), { descending: true, keysOnly: true })) {
          for (let at = 0; at < page.length; at += ENTRIES_MAX)
            jobs.push(...(await this.#jobsOf(page.slice(at, at + ENTRIES_MAX))));
        }
      }
    }
    return jobs;
  }

  async startRun(jobId: string, run: number, executionId: string): ReturnType<TaskLedger['startRun']> {
    const nowMs = this.#clock.nowMs();
    const written = await this.#table.update(jobItemKey(jobId), {
      condition: '#run = :previous AND #state IN (:planning, :mapping, :reducing, :committing)',
      update: `SET #run = :run, #executionId = :executionId, ${CHANGED} REMOVE #error, #lastMove`,
      values: {
        previous: run - 1,
        run,
        executionId,
        planning: 'PLANNING',
        mapping: 'MAPPING',
        reducing: 'REDUCING',
        committing: 'COMMITTING',
        ...changedValues(nowMs),
      },
    });
    if (written.kind === 'written') return { kind: 'started', job: jobOfItem(written.item).held.job };
    const { changed, job } = await this.#decideOn(jobId, written.item, (held) => startedRun(held, run, executionId, nowMs));
    return { kind: changed ? 'started' : 'refused', job };
  }

  async setState(
    jobId: string,
    from: JobState,
    to: JobState,
    run: number,
    options: { readonly generations?: readonly number[]; readonly error?: Failure },
  ): ReturnType<TaskLedger['setJobState']> {
    const { generations, error } = options;
    const nowMs = this.#clock.nowMs();
    let found: Item | undefined;
    if (from === to || !mayMove(from, to)) found = await this.#table.get(jobItemKey(jobId));
    else {
      const written = await this.#table.update(jobItemKey(jobId), {
        condition: `#state = :from AND #run = :run${generations ? ' AND #generations = :generations' : ''}`,
        update: `SET #state = :to, #lastMove = :move, ${CHANGED}${error ? ', #error = :error' : ''}`,
        values: { from, to, run, generations, move: [from, to], error: error && JSON.stringify(error), ...changedValues(nowMs) },
      });
      if (written.kind === 'written') return { kind: 'moved', job: jobOfItem(written.item).held.job };
      found = written.item;
    }
    const { changed, job } = await this.#decideOn(jobId, found, (held) =>
      movedJob(held, { from, to, run, generations, error }, nowMs),
    );
    return { kind: changed ? 'moved' : 'refused', job };
  }

  /** The job's own item goes last: what died half way is done again from the start. Deleting asks for nothing, so it may race with anything. */
  async delete(jobId: string): Promise<void> {
    const job = await this.read(jobId);
    if (job === undefined) return;
    for (let step = 0; step < job.generations.length; step++) {
      for (const phase of ['map', 'reduce'] satisfies Phase[]) {
        await Promise.all(Array.from({ length: SHARDS }, (_, shard) => this.#deleteAll(shardKey({ jobId, step, phase }, shard))));
      }
    }
    await this.#table.deleteSome([toItem(jobEntryKey(jobId, job.createdAtMs))]);
    await this.#table.deleteSome([toItem(jobItemKey(jobId))]);
  }

  async #deleteAll(pk: string): Promise<void> {
    for await (const keys of this.#table.query(pk, { keysOnly: true })) {
      for (let at = 0; at < keys.length; at += DELETES_MAX) await this.#table.deleteSome(keys.slice(at, at + DELETES_MAX));
    }
  }

  async #keepMonth(month: string): Promise<void> {
    if (this.#months.has(month)) return;
    await this.#table.put(toItem(monthKey(month)), NO_ITEM);
    this.#months.add(month);
  }

  /** Entries whose job is gone are left out. */
  async #jobsOf(entries: readonly Item[]): Promise<readonly JobItem[]> {
    const ids = entries.map((entry) => jobIdOfEntry(keyOf(entry)));
    const items = await this.#table.getSome(ids.map(jobItemKey));
    const jobs = new Map(items.map((item) => [item.pk?.S, jobOfItem(item).held.job]));
    return ids.flatMap((jobId) => jobs.get(jobId) ?? []);
  }

  /** Decides on the item that was found, and writes the outcome while it is that item; else on the one that is there by then. */
  async #decideOn(
    jobId: string,
    found: Item | undefined,
    decide: (held: LedgerJob) => LedgerJob | undefined,
  ): Promise<{ readonly changed: boolean; readonly job: JobItem }> {
    let item = found;
    for (let writes = 0; writes < WRITES_MAX; writes++) {
      const stored = existing(item, jobId);
      const next = decide(stored.held);
      if (next === undefined) return { changed: false, job: stored.held.job };
      if (next.job === stored.held.job) return { changed: true, job: next.job };
      const changed = itemOfJob({ ...stored, held: next }, expiresAt(this.#clock.nowMs()));
      const written = await this.#table.put(changed, sameVersion(stored));
      if (written.kind === 'written') return { changed: true, job: next.job };
      item = written.item;
    }
    throw busyItem(this.#table, jobItemKey(jobId));
  }
}

/** Of a BatchGetItem, and of a BatchWriteItem. */
const ENTRIES_MAX = 100;
const DELETES_MAX = 25;
/** Entries are written once, so they outlive a job that goes on changing by a year. */
const ENTRY_EXTRA_MS = 365 * 86_400_000;

const NO_ITEM = { condition: 'attribute_not_exists(#pk)' };
/** True of any item, and of none. */
const ANY_ITEM = { condition: 'attribute_not_exists(#pk) OR attribute_exists(#pk)' };
const CHANGED = '#updatedAtMs = :nowMs, #version = #version + :one, #expiresAt = :expiresAt';

function changedValues(nowMs: number) {
  return { nowMs, one: 1, expiresAt: expiresAt(nowMs) };
}

function existing(item: Item | undefined, jobId: string): StoredJob {
  assert(item !== undefined, `job ${jobId} is created before it is run`);
  return jobOfItem(item);
}

function keyOf(item: Item): LedgerKey {
  return fromItem<LedgerKey & PlainItem>(item);
}
