import { hasEnded } from '../ports/ledger-job.ts';
import type { JobItem, TaskLedger } from '../ports/task-ledger.ts';

/**
 * Sets a job CANCELLED by conditional writes; its coordinator stops at its next write at the latest. A job that has ended stays as it is,
 * and one that is COMMITTING only rolls forward. Answers the job as it is then; undefined when there is none.
 */
export async function cancelJob(
  ledger: Pick<TaskLedger, 'readJob' | 'setJobState'>,
  jobId: string,
): Promise<JobItem | undefined> {
  let job = await ledger.readJob(jobId);
  while (job !== undefined && !hasEnded(job.state) && job.state !== 'COMMITTING') {
    const answer = await ledger.setJobState(jobId, job.state, 'CANCELLED', job.run);
    job = answer.job;
  }
  return job;
}
