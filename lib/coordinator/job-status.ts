import { assert, type Failure } from '../errors.ts';
import type { CounterTotals } from '../job/counters.ts';
import type { Receipt } from '../output/receipt.ts';
import type { JobState, Phase } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { readReduceGroups } from '../shuffle/reduce-groups.ts';
import { readStepPlan } from '../split/plan-step.ts';
import type { StepPlan } from '../split/step-plan.ts';
import { readJson } from '../work/json-object.ts';
import { eachTask } from '../work/read-tasks.ts';
import { receiptKey, soloRefusedKey } from '../work/work-layout.ts';
import { readJobRecord } from './job-access.ts';
import { soloCommit } from './step-output.ts';

export type PhaseStatus = { readonly tasks: number; readonly committed: number; readonly attempts: number };

/** `solo`: whole, in one sandbox, as the one reduce task. */
export type StepStatus = { readonly solo: boolean; readonly map: PhaseStatus; readonly reduce: PhaseStatus };

/** What `status --json` prints. `tasks` is 0 while it is not known yet. */
export type JobStatus = {
  readonly jobId: string;
  readonly name: string;
  readonly state: JobState;
  readonly run: number;
  readonly generation: number;
  readonly output: string;
  readonly steps: readonly StepStatus[];
  readonly counters: CounterTotals;
  readonly receipt: Receipt | null;
  readonly error: Failure | null;
};

export async function readStatus(world: Pick<World, 'ledger' | 'work'>, jobId: string): Promise<JobStatus> {
  const job = await world.ledger.readJob(jobId);
  assert(job !== undefined, `${jobId} is in the ledger`);
  const record = await readJobRecord(world, jobId);
  const receipt = (await readJson<Receipt>(world, receiptKey(jobId))) ?? null;
  const steps: StepStatus[] = [];
  for (const step of record.shape.steps.keys()) steps.push(await stepStatus(world, jobId, step));
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

async function stepStatus(world: Pick<World, 'ledger' | 'work'>, jobId: string, step: number): Promise<StepStatus> {
  const plan = await readStepPlan(world, jobId, step);
  if (plan !== undefined && (await isSolo(world, jobId, plan)))
    return { solo: true, map: NOTHING, reduce: await phaseStatus(world, jobId, step, 'reduce', 1) };
  const groups = await readReduceGroups(world, jobId, step);
  return {
    solo: false,
    map: await phaseStatus(world, jobId, step, 'map', plan?.splits ?? 0),
    reduce: await phaseStatus(world, jobId, step, 'reduce', groups?.length ?? 0),
  };
}

const NOTHING: PhaseStatus = { tasks: 0, committed: 0, attempts: 0 };

/** Solo may commit late, when the step is in phases already: then it decides alone. */
async function isSolo(world: Pick<World, 'ledger' | 'work'>, jobId: string, plan: StepPlan): Promise<boolean> {
  if (!plan.solo) return false;
  const isRefused = (await world.work.head(soloRefusedKey(jobId, plan.step))) !== undefined;
  return !isRefused || (await soloCommit(world, jobId, plan)) !== undefined;
}

async function phaseStatus(
  world: Pick<World, 'ledger'>,
  jobId: string,
  step: number,
  phase: Phase,
  planned: number,
): Promise<PhaseStatus> {
  let begun = 0;
  let committed = 0;
  let attempts = 0;
  for await (const item of eachTask(world, jobId, step, phase)) {
    begun++;
    if (item.commit !== undefined) committed++;
    attempts += item.attempts;
  }
  return { tasks: Math.max(planned, begun), committed, attempts };
}
