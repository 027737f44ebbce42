import { readAllTasks, readJobRecord, readJson } from '../coordinator/job-access.ts';
import { readReduceGroups } from '../coordinator/reduce-groups.ts';
import { receiptKey } from '../coordinator/work-layout.ts';
import { assert, type Failure } from '../errors.ts';
import type { CounterTotals } from '../job/counters.ts';
import type { Receipt } from '../output/receipt.ts';
import type { JobState, Phase } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { readStepPlan } from '../split/plan-step.ts';

export type PhaseStatus = { readonly tasks: number; readonly committed: number; readonly attempts: number };

/** What `status --json` prints. `tasks` is 0 while it is not known yet. */
export type JobStatus = {
  readonly jobId: string;
  readonly name: string;
  readonly state: JobState;
  readonly run: number;
  readonly generation: number;
  readonly output: string;
  readonly steps: readonly { readonly map: PhaseStatus; readonly reduce: PhaseStatus }[];
  readonly counters: CounterTotals;
  readonly receipt: Receipt | null;
  readonly error: Failure | null;
};

export async function readStatus(world: Pick<World, 'ledger' | 'work'>, jobId: string): Promise<JobStatus> {
  const job = await world.ledger.readJob(jobId);
  assert(job !== undefined, `${jobId} is in the ledger`);
  const record = await readJobRecord(world, jobId);
  const receipt = (await readJson<Receipt>(world, receiptKey(jobId))) ?? null;
  const steps = [];
  for (const step of record.shape.steps.keys()) {
    const plan = await readStepPlan(world, jobId, step);
    const groups = await readReduceGroups(world, jobId, step);
    steps.push({
      map: await phaseStatus(world, jobId, step, 'map', plan?.splits ?? 0),
      reduce: await phaseStatus(world, jobId, step, 'reduce', groups?.length ?? 0),
    });
  }
  return {
    jobId,
    name: job.name,
    state: job.state,
    run: job.run,
    generation: Math.max(0, ...job.generations),
    output: record.output,
    steps,
    counters: receipt?.counters ?? {},
    receipt,
    error: job.error ?? null,
  };
}

async function phaseStatus(
  world: Pick<World, 'ledger'>,
  jobId: string,
  step: number,
  phase: Phase,
  planned: number,
): Promise<PhaseStatus> {
  const items = [...(await readAllTasks(world, jobId, step, phase)).values()];
  return {
    tasks: Math.max(planned, items.length),
    committed: items.filter((item) => item.commit !== undefined).length,
    attempts: items.reduce((sum, item) => sum + item.attempts, 0),
  };
}
