import { hasEnded } from '../../ports/ledger-job.ts';
import type { TaskLedger } from '../../ports/task-ledger.ts';
import type { DynamoTable } from './dynamo-table.ts';
import { jobOfItem } from './ledger-job-item.ts';
import { jobItemKey, leaseItemKey } from './ledger-keys.ts';
import { busyItem, WRITES_MAX } from './optimistic-write.ts';

/** The leases on output paths. They don't expire: a job may run for as long as it likes. */
export class DynamoLeases {
  readonly #table: DynamoTable;

  constructor(table: DynamoTable) {
    this.#table = table;
  }

  /** A lease that another job has is taken over in one transaction with a look at that job: it has ended, or is no more. */
  async acquire(outputPath: string, jobId: string): ReturnType<TaskLedger['acquireLease']> {
    const key = leaseItemKey(outputPath);
    for (let writes = 0; writes < WRITES_MAX; writes++) {
      const written = await this.#table.update(key, {
        condition: 'attribute_not_exists(#pk) OR #jobId = :jobId',
        update: 'SET #jobId = :jobId',
        values: { jobId },
      });
      if (written.kind === 'written') return { kind: 'acquired' };
      const by = written.item?.jobId?.S;
      if (by === undefined) continue;
      const holder = await this.#table.get(jobItemKey(by));
      if (holder !== undefined && !hasEnded(jobOfItem(holder).held.job.state)) return { kind: 'held', by };
      const taken = await this.#table.transact([
        { update: key, change: { condition: '#jobId = :by', update: 'SET #jobId = :jobId', values: { by, jobId } } },
        {
          check: jobItemKey(by),
          if: {
            condition: 'attribute_not_exists(#pk) OR #state IN (:done, :failed, :cancelled)',
            values: { done: 'DONE', failed: 'FAILED', cancelled: 'CANCELLED' },
          },
        },
      ]);
      if (taken.kind === 'written') return { kind: 'acquired' };
    }
    throw busyItem(this.#table, key);
  }

  async release(outputPath: string, jobId: string): Promise<void> {
    await this.#table.delete(leaseItemKey(outputPath), { condition: '#jobId = :jobId', values: { jobId } });
  }
}
