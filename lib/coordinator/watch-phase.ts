import type { World } from '../ports/world.ts';
import { readReduceGroups } from '../shuffle/reduce-groups.ts';
import { readStepPlan } from '../split/plan-step.ts';
import { BudgetExceededError, type PriceOfTasks, readUsedTasks } from './job-budget.ts';
import type { WatchAnswer, WatchCall } from './machine-call.ts';

const FIRST_WAIT_SECONDS = 5;
const EARLY_GROWTH = 1.5;
const EARLY_SECONDS_MAX = 60;
/** Later a wait is about a thirtieth of the time until then, and so is what a job may spend over its budget in it. */
const LATE_GROWTH = 1.03;
/** A turn is nine events of an execution's history, which ends at 25,000: so many waits are nine days. */
const WAIT_SECONDS_MAX = 300;

/**
 * The Watch state: what the job has cost so far, over all of its runs, and whether the phase has ended. Reads the whole ledger of the job,
 * so it looks less and less often.
 * @throws BudgetExceededError
 */
export async function watchPhase(
  world: Pick<World, 'ledger' | 'work' | 'clock'>,
  call: WatchCall,
  budgetUsd: number | null,
  priceOfTasks: PriceOfTasks,
): Promise<WatchAnswer> {
  const { jobId, at, watch } = call;
  let costUsd = 0;
  let committed = 0;
  for await (const { step, phase, tasks } of readUsedTasks(world, jobId, at.step + 1)) {
    costUsd += priceOfTasks(tasks, world.clock.nowMs());
    if (step === at.step && phase === at.next) committed += tasks.filter((task) => task.commit !== undefined).length;
  }
  const seconds = watch === undefined ? FIRST_WAIT_SECONDS : waitAfter(watch.seconds);
  // A phase that has ended costs nothing any more.
  if (committed === (await countTasks(world, call))) return { next: 'phaseDone', seconds };
  if (budgetUsd !== null && costUsd > budgetUsd) throw new BudgetExceededError({ jobId, budgetUsd, costUsd });
  return { next: 'wait', seconds };
}

function waitAfter(seconds: number): number {
  if (seconds < EARLY_SECONDS_MAX) return Math.min(EARLY_SECONDS_MAX, Math.ceil(seconds * EARLY_GROWTH));
  return Math.min(WAIT_SECONDS_MAX, Math.ceil(seconds * LATE_GROWTH));
}

/** Undefined while it cannot be told: a plan or an index that is lost is found by CheckPhase. */
async function countTasks(world: Pick<World, 'work'>, { jobId, at }: WatchCall): Promise<number | undefined> {
  if (at.next === 'map') return (await readStepPlan(world, jobId, at.step))?.splits;
  return (await readReduceGroups(world, jobId, at.step))?.length;
}
