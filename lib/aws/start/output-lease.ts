import { OutputLeasedError } from '../../coordinator/output-leased-error.ts';
import type { JobRecord } from '../../job/job-record.ts';
import { hasEnded } from '../../ports/ledger-job.ts';
import type { JobItem } from '../../ports/task-ledger.ts';
import type { World } from '../../ports/world.ts';
import { executionFailure } from './execution-failure.ts';
import { type Executions, executionName } from './executions.ts';

/** How long a starter may take from its first write to the start of the execution before others take it for dead. */
const START_GRACE_MS = 60_000;

type LeaseWorld = Pick<World, 'ledger' | 'clock'>;

/**
 * The output is this job's alone until the job ends. A job that holds it and that nothing runs is ended first, by a conditional write: its
 * starter may be slow and not dead, and then starts an execution that finds its job ended. So a job asks for its lease after every
 * `startRun`, the only way back from an end.
 * @throws OutputLeasedError
 */
export async function takeLease(world: LeaseWorld, executions: Executions, record: JobRecord): Promise<void> {
  const first = await world.ledger.acquireLease(record.leaseKey, record.jobId);
  if (first.kind === 'acquired') return;
  const holder = await world.ledger.readJob(first.by);
  if (holder === undefined || (await endAbandoned(world, executions, holder))) {
    const second = await world.ledger.acquireLease(record.leaseKey, record.jobId);
    if (second.kind === 'acquired') return;
  }
  throw new OutputLeasedError({ output: record.output, jobId: first.by });
}

/** Has the job ended, if need be by this very call? One that is COMMITTING has its output half there, and only rolls forward. */
async function endAbandoned(world: LeaseWorld, executions: Executions, job: JobItem): Promise<boolean> {
  const { jobId, run, state } = job;
  if (hasEnded(state)) return true;
  if (state === 'COMMITTING') return false;
  const execution = run === 0 ? ({ kind: 'missing' } as const) : await executions.describe(executionName(jobId, run));
  if (execution.kind === 'running') return false;
  if (execution.kind === 'missing' && world.clock.nowMs() - job.updatedAtMs < START_GRACE_MS) return false;
  const answer =
    execution.kind === 'missing'
      ? await world.ledger.setJobState(jobId, state, 'CANCELLED', run)
      : await world.ledger.setJobState(jobId, state, 'FAILED', run, { error: executionFailure(jobId, run, execution) });
  return hasEnded(answer.job.state);
}
