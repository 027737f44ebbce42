import type { World } from '../ports/world.ts';
import { planStep, readStepPlan } from '../split/plan-step.ts';
import type { SplitPairs } from '../split/split.ts';
import { encodeJson } from '../work/json-object.ts';
import { soloRefusedKey } from '../work/work-layout.ts';
import { advanceJob, type Flow } from './advance-job.ts';
import { enterState, readJobItem, readJobRecord } from './job-access.ts';
import { LostWorkError } from './lost-work.ts';
import type { PlanAnswer, PlanCall } from './machine-call.ts';
import { allWinners, pairsOf, readWinnerFiles } from './step-output.ts';

/**
 * The Plan state: plans the step at hand unless it is planned, then answers what is to be done. Called at the start of every run,
 * for each further step of a chain, after a sample, and when Solo has lost its sandbox.
 */
export async function plan(flow: Flow, call: PlanCall): Promise<PlanAnswer> {
  const { world } = flow;
  const { jobId, run, at } = call;
  const job = await readJobRecord(world, jobId);
  if (at.next === 'solo') await world.work.putIfAbsent(soloRefusedKey(jobId, at.step), encodeJson({ run }));
  const item = await readJobItem(world, jobId);
  if (item.state === 'DONE') return { next: 'done' };
  let round = at.round ?? 0;
  if (item.state !== 'COMMITTING' && (await readStepPlan(world, jobId, at.step)) === undefined) {
    if (at.step === 0) await enterState(world, jobId, run, 'PLANNING');
    try {
      await planStep(world, job, at.step, (upstream) => upstreamPairs(world, jobId, run, upstream));
    } catch (error) {
      if (!(error instanceof LostWorkError)) throw error;
      round += 1; // An earlier step has something to do again.
    }
  }
  const next = await advanceJob(flow, job, run, round);
  return next.next === 'plan' ? plan(flow, { ...call, at: next }) : next;
}

/** What the tasks of an earlier step left, in order. @throws LostWorkError */
async function upstreamPairs(world: World, jobId: string, run: number, step: number): Promise<readonly SplitPairs[]> {
  const stepPlan = await readStepPlan(world, jobId, step);
  if (stepPlan === undefined) throw new LostWorkError({ what: `the plan of step ${step}` });
  const winners = await allWinners(world, jobId, stepPlan);
  const files = winners === undefined ? 'lost' : await readWinnerFiles(world, run, winners);
  if (winners === undefined || files === 'lost') throw new LostWorkError({ what: `output of step ${step}` });
  return pairsOf(winners, files);
}
