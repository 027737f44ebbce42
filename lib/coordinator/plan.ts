import type { World } from '../ports/world.ts';
import { encodeJson, planStep, readStepPlan } from '../split/plan-step.ts';
import type { PairsRange } from '../split/split.ts';
import { attemptKeysOf, decideNext, type Flow } from './decide-next.ts';
import { readAttemptFile } from '../output/attempt-file.ts';
import { enterState, readJobItem, readJobRecord } from './job-access.ts';
import type { PlanAnswer, PlanCall } from './machine-call.ts';
import { soloRefusedKey } from './work-layout.ts';

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
  if (item.state !== 'COMMITTING' && (await readStepPlan(world, jobId, at.step)) === undefined) {
    if (at.step === 0) await enterState(world, jobId, run, 'PLANNING');
    await planStep(world, job, at.step, (upstream) => pairsOf(world, jobId, upstream));
  }
  const next = await decideNext(flow, job, run, at.step, at.round ?? 0);
  return next.next === 'plan' ? plan(flow, { ...call, at: next }) : next;
}

/** What the tasks of an earlier step left, in task order. */
async function pairsOf(world: World, jobId: string, step: number): Promise<readonly PairsRange[]> {
  const stepPlan = await readStepPlan(world, jobId, step);
  const keys = await attemptKeysOf(world, jobId, step, stepPlan?.mapOnly === true && !stepPlan.solo ? 'map' : 'reduce');
  const pairs: PairsRange[] = [];
  for (const [, { attemptKey }] of [...keys].toSorted(([a], [b]) => a - b)) pairs.push(...(await readAttemptFile(world, attemptKey)).pairs);
  return pairs;
}
