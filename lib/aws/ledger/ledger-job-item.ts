import type { Failure } from '../../errors.ts';
import type { LedgerJob } from '../../ports/ledger-job.ts';
import type { JobItem, JobState } from '../../ports/task-ledger.ts';
import { fromItem, type Item, type PlainItem, toItem } from './attribute-value.ts';
import { jobItemKey } from './ledger-keys.ts';

/** A job as DynamoDB keeps it. `version` is raised by every change; 0 before the first. */
export type StoredJob = { readonly held: LedgerJob; readonly version: number };

/** The attributes beside the keys and `expiresAt`: those of JobItem, but for the id in the key, and the error as JSON. */
type JobAttributes = Omit<JobItem, 'jobId' | 'error'> & {
  readonly error?: string;
  /** From, to. */
  readonly lastMove?: readonly [JobState, JobState];
  readonly version: number;
};

export function jobOfItem(item: Item): StoredJob {
  const { pk, lastMove, version, ...job } = fromItem<JobAttributes & { readonly pk: string } & PlainItem>(item);
  return {
    held: {
      job: {
        jobId: pk,
        fingerprint: job.fingerprint,
        name: job.name,
        outputPath: job.outputPath,
        state: job.state,
        run: job.run,
        executionId: job.executionId,
        generations: job.generations,
        createdAtMs: job.createdAtMs,
        updatedAtMs: job.updatedAtMs,
        ...(job.error !== undefined && { error: JSON.parse(job.error) as Failure }),
      },
      ...(lastMove && { lastMove: { from: lastMove[0], to: lastMove[1] } }),
    },
    version,
  };
}

/** The whole item, as the next version. */
export function itemOfJob({ held: { job, lastMove }, version }: StoredJob, expiresAt: number): Item {
  const { jobId, error, ...values } = job;
  const attributes: JobAttributes = {
    ...values,
    ...(error && { error: JSON.stringify(error) }),
    ...(lastMove && { lastMove: [lastMove.from, lastMove.to] }),
    version: version + 1,
  };
  return toItem({ ...jobItemKey(jobId), ...attributes, expiresAt });
}
