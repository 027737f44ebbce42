import { assert, RefoldError } from '../errors.ts';
import type { JobRecord } from '../job/job-record.ts';
import type { ReduceResult } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { readShuffleManifest } from '../shuffle/shuffle-manifest.ts';
import { readStepPlan } from '../split/plan-step.ts';
import type { StepPlan } from '../split/step-plan.ts';
import { digestsThatDiffer } from './check-digests.ts';
import { enterState, readAllTasks, readJobItem, readJson, uncommitted } from './job-access.ts';
import type { CommitNext, MapNext, PlanNext, PlanReduceNext, ReduceNext, SampleNext, SoloNext } from './machine-call.ts';
import { readReduceGroups } from './reduce-groups.ts';
import { splitRow, writeTaskList } from './task-list.ts';
import { boundariesKey, mapTasksKey, reduceTasksKey, soloRefusedKey } from './work-layout.ts';

export type Next = PlanNext | SoloNext | SampleNext | MapNext | PlanReduceNext | ReduceNext | CommitNext;

/** Rounds of one step in one run before the job gives up: each round means that committed work was lost again. */
const ROUNDS_MAX = 25;

/** Committed work keeps vanishing. */
export class LostTooOftenError extends RefoldError {
  override readonly name = 'LostTooOftenError';
  readonly code = 'REFOLD_LOST_TOO_OFTEN';
  readonly retryable = false;
  readonly hint = 'Check the disk or bucket of the work area; then run the same command again.';
  constructor(values: { jobId: string; step: number; rounds: number }, options?: ErrorOptions) {
    super(
      `${values.jobId}: results of step ${values.step} were lost and made anew ${values.rounds} times in this run.`,
      values,
      options,
    );
  }
}

export type Flow = {
  readonly world: World;
  /** Tasks at a time in the phase; 0 = as many as there may be. */
  readonly workers: number;
};

/**
 * What is to be done next, read off the ledger and the work area alone: the same for a fresh job, after a phase, and after a kill.
 * Starts at step `from`, which must be the first that is not known to be complete.
 */
export async function decideNext(flow: Flow, job: JobRecord, run: number, from: number, round: number): Promise<Next> {
  const { world } = flow;
  const { jobId } = job;
  if (round > ROUNDS_MAX) throw new LostTooOftenError({ jobId, step: from, rounds: ROUNDS_MAX });
  const item = await readJobItem(world, jobId);
  if (item.state === 'COMMITTING') return { next: 'commit', step: job.shape.steps.length - 1 };
  for (let step = from; step < job.shape.steps.length; step++) {
    const plan = await readStepPlan(world, jobId, step);
    if (plan === undefined) return { next: 'plan', step };
    if (await needsSample(world, job, plan)) return { next: 'sample', step };
    const next = (await isSolo(world, jobId, plan))
      ? await nextOfSolo(world, jobId, plan)
      : await nextOfPhases(flow, job, run, plan, step === from ? round : 0);
    if (next !== 'complete') return next;
  }
  return { next: 'commit', step: job.shape.steps.length - 1, round };
}

async function needsSample(world: World, job: JobRecord, plan: StepPlan): Promise<boolean> {
  const shape = job.shape.steps[plan.step];
  assert(shape !== undefined, 'a planned step is one of the job');
  if (shape.partition !== 'range' || plan.partitions <= 1) return false;
  return (await world.work.head(boundariesKey(job.jobId, plan.step))) === undefined;
}

/** A step whose sandbox was lost for its size is run in phases from then on. */
export async function isSolo(world: Pick<World, 'work'>, jobId: string, plan: StepPlan): Promise<boolean> {
  return plan.solo && (await world.work.head(soloRefusedKey(jobId, plan.step))) === undefined;
}

async function nextOfSolo(world: World, jobId: string, plan: StepPlan): Promise<SoloNext | 'complete'> {
  const task = await world.ledger.readTask({ jobId, step: plan.step, phase: 'reduce', index: 0 });
  return task?.commit === undefined ? { next: 'solo', step: plan.step } : 'complete';
}

async function nextOfPhases(flow: Flow, job: JobRecord, run: number, plan: StepPlan, round: number): Promise<Next | 'complete'> {
  const { world } = flow;
  const { jobId } = job;
  const { step } = plan;
  const shape = job.shape.steps[step];
  assert(shape !== undefined, 'a planned step is one of the job');
  if (
    shape.partition === 'range' &&
    !plan.mapOnly &&
    plan.splits > 0 &&
    (await world.work.head(boundariesKey(jobId, step))) === undefined
  ) {
    return { next: 'sample', step };
  }
  const missingMaps = uncommitted(await readAllTasks(world, jobId, step, 'map'), plan.splits);
  if (missingMaps.length > 0) {
    await enterState(world, jobId, run, 'MAPPING');
    const key = mapTasksKey(jobId, step, run, round);
    await writeTaskList(
      world,
      key,
      missingMaps.map((index) => ({ index, row: splitRow(plan, index) })),
    );
    return { next: 'map', step, round, ...place(flow, key) };
  }
  if (plan.mapOnly) return 'complete';
  const item = await readJobItem(world, jobId);
  const generation = item.generations[step] ?? 0;
  const manifest = await readShuffleManifest(world, jobId, step, generation);
  const groups = await readReduceGroups(world, jobId, step);
  if (manifest === undefined || groups === undefined) return { next: 'planReduce', step, round };
  await enterState(world, jobId, run, 'REDUCING');
  const tasks = await readAllTasks(world, jobId, step, 'reduce');
  let missing = uncommitted(tasks, groups.length);
  if (missing.length === 0) {
    // One consistent recovery line: a commit that read other content than this generation's is made anew.
    for (const index of await digestsThatDiffer(world, jobId, manifest, groups, tasks)) {
      const commit = tasks.get(index)!.commit!;
      world.log.write('warn', 'map is not deterministic: a rerun gave other content', { jobId, step, reduceTask: index });
      await world.ledger.invalidate({ jobId, step, phase: 'reduce', index }, commit.attemptId, run);
    }
    missing = uncommitted(await readAllTasks(world, jobId, step, 'reduce'), groups.length);
  }
  if (missing.length === 0) return 'complete';
  const key = reduceTasksKey(jobId, step, run, round);
  await writeTaskList(
    world,
    key,
    missing.map((index) => ({ index, row: groups[index]!.row })),
  );
  return { next: 'reduce', step, round, ...place(flow, key) };
}

function place(flow: Flow, key: string): { bucket: string; key: string; groupConcurrency: number; taskConcurrency: number } {
  // Enough groups under way to keep every sandbox busy, and few enough that waiting tasks cost no memory.
  const groupConcurrency = flow.workers === 0 ? 0 : 2 * flow.workers + 2;
  return { bucket: 'work', key, groupConcurrency, taskConcurrency: 40 };
}

/** Attempt keys of a step's committed tasks, by task index. */
export async function attemptKeysOf(
  world: World,
  jobId: string,
  step: number,
  phase: 'map' | 'reduce',
): Promise<ReadonlyMap<number, { attemptId: string; attemptKey: string }>> {
  const keys = new Map<number, { attemptId: string; attemptKey: string }>();
  for (const [index, task] of await readAllTasks(world, jobId, step, phase)) {
    const result = task.commit?.result as (ReduceResult & { attemptKey?: string }) | undefined;
    if (task.commit !== undefined && result?.attemptKey !== undefined)
      keys.set(index, { attemptId: task.commit.attemptId, attemptKey: result.attemptKey });
  }
  return keys;
}
