import { RefoldError } from '../errors.ts';
import type { Phase, TaskItem } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';

/** The attempts of a job have cost more than its budget. Its finished tasks are kept. */
export class BudgetExceededError extends RefoldError {
  override readonly name = 'BudgetExceededError';
  readonly code = 'REFOLD_BUDGET_EXCEEDED';
  readonly retryable = false;
  readonly hint = 'Start it again with a higher --budget-usd: it goes on from the finished tasks.';
  constructor(values: { jobId: string; budgetUsd: number; costUsd: number }, options?: ErrorOptions) {
    const { jobId, budgetUsd, costUsd } = values;
    super(`${jobId} has cost about $${costUsd.toFixed(4)} so far; its budget is $${budgetUsd}.`, values, options);
  }
}

/** Dollars of what the attempts of tasks have used until `nowMs`, those that run included. */
export type PriceOfTasks = (tasks: readonly TaskItem[], nowMs: number) => number;

const PHASES: readonly Phase[] = ['map', 'reduce'];

/** What the ledger knows of the tasks of a job's first steps, a page at a time. */
export async function* readUsedTasks(
  { ledger }: Pick<World, 'ledger'>,
  jobId: string,
  steps: number,
): AsyncGenerator<{ readonly step: number; readonly phase: Phase; readonly tasks: readonly TaskItem[] }> {
  for (let step = 0; step < steps; step++) {
    for (const phase of PHASES) {
      for await (const tasks of ledger.readTasks(jobId, step, phase)) yield { step, phase, tasks };
    }
  }
}

/**
 * Before more is begun of a job: is there anything left of its budget, over all of its runs? Reads the ledger of its first steps.
 * @throws BudgetExceededError
 */
export async function refuseSpentBudget(
  world: Pick<World, 'ledger' | 'clock'>,
  { jobId, steps }: { readonly jobId: string; readonly steps: number },
  budgetUsd: number,
  priceOfTasks: PriceOfTasks,
): Promise<void> {
  let costUsd = 0;
  for await (const { tasks } of readUsedTasks(world, jobId, steps)) costUsd += priceOfTasks(tasks, world.clock.nowMs());
  if (costUsd >= budgetUsd) throw new BudgetExceededError({ jobId, budgetUsd, costUsd });
}
