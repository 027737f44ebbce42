import { advanceJob, type Flow } from './advance-job.ts';
import { readJobRecord } from './job-access.ts';
import type { CheckAnswer, CheckCall } from './machine-call.ts';

/** The CheckPhase state: what the ledger says is left. A phase that comes round again has lost committed work. */
export async function check(flow: Flow, call: CheckCall): Promise<CheckAnswer> {
  const job = await readJobRecord(flow.world, call.jobId);
  const next = await advanceJob(flow, job, call.run, (call.at.round ?? 0) + 1);
  return next as CheckAnswer;
}
