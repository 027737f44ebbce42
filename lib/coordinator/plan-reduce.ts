import { assert } from '../errors.ts';
import { readStepPlan } from '../split/plan-step.ts';
import { advanceJob, type Flow } from './advance-job.ts';
import { buildShuffle } from './build-shuffle.ts';
import { readJobRecord } from './job-access.ts';
import type { PlanReduceAnswer, PlanReduceCall } from './machine-call.ts';

/**
 * The PlanReduce state: writes the index of one consistent set of segments and groups the partitions into reduce tasks. A segment that
 * is lost or damaged is invalidated, and its map task goes round again.
 */
export async function planReduce(flow: Flow, call: PlanReduceCall): Promise<PlanReduceAnswer> {
  const { world } = flow;
  const { jobId, run, at } = call;
  const job = await readJobRecord(world, jobId);
  const plan = await readStepPlan(world, jobId, at.step);
  assert(plan !== undefined, 'PlanReduce comes after Plan');
  const built = await buildShuffle(world, job, plan, run);
  const next = await advanceJob(flow, job, run, (at.round ?? 0) + (built === 'lost' ? 1 : 0));
  return next as PlanReduceAnswer;
}
