import { assert, RefoldError } from '../errors.ts';
import type { JobRecord } from '../job/job-record.ts';
import type { Commit, TaskId } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { readReduceGroups } from '../shuffle/reduce-groups.ts';
import { readShuffleManifest } from '../shuffle/shuffle-manifest.ts';
import { readStepPlan } from '../split/plan-step.ts';
import { splitRow } from '../split/read-splits.ts';
import type { StepPlan } from '../split/step-plan.ts';
import { eachTask, indexesWithout, readAllTasks, uncommitted } from '../work/read-tasks.ts';
import type { RowRef } from '../work/row-ref.ts';
import { boundariesKey, mapTasksKey, reduceTasksKey, soloRefusedKey } from '../work/work-layout.ts';
import { digestsThatDiffer } from './check-digests.ts';
import { enterState, readJobItem } from './job-access.ts';
import type { CommitNext, MapNext, PlanNext, PlanReduceNext, ReduceNext, SampleNext, SoloNext, TaskRef } from './machine-call.ts';
import { soloCommit, winnerIds } from './step-output.ts';
import { type Pace, paceOf, writeTaskList } from './task-list.ts';

export type Next = PlanNext | SoloNext | SampleNext | MapNext | PlanReduceNext | ReduceNext | CommitNext;

/** Rounds of a run before the job gives up. A step takes one a phase; each further one means that committed work was lost again. */
const LOST_ROUNDS_MAX = 25;
const ROUNDS_PER_STEP = 3;

/** Committed work keeps vanishing. */
export class LostTooOftenError extends RefoldError {
  override readonly name = 'LostTooOftenError';
  readonly code = 'REFOLD_LOST_TOO_OFTEN';
  readonly retryable = false;
  readonly hint = 'Check the disk or bucket of the work area; then run the same command again.';
  constructor(values: { jobId: string; rounds: number }, options?: ErrorOptions) {
    super(
      `${values.jobId}: results were lost and made anew again and again: ${values.rounds} rounds in this run.`,
      values,
      options,
    );
  }
}

export type Flow = {
  readonly world: World;
  /** Tasks at a time in the phase; 0 = as many as there may be. */
  readonly workers: number;
  /** Who keeps to that: the sandboxes, which let what is too much wait, or the state machine itself. @default sandboxes */
  readonly boundBy?: 'sandboxes' | 'machine';
  /** Phases run beside the watch, which the machine must have been built with. */
  readonly watch?: boolean;
  /** May this run replace what others left at the output? */
  readonly overwrite: boolean;
  /** Attempts whose parts one call of Commit publishes. @default COMMIT_ATTEMPTS_PER_CALL */
  readonly commitAttemptsPerCall?: number;
  /** Segments go when the job is DONE, where storage is rented. @default they wait for a later command to collect them */
  readonly dropsSegments?: boolean;
  /** How the state machine's reader of task lists names the work area: its bucket, and what keys begin with there. @default that of one machine */
  readonly workArea?: { readonly bucket: string; readonly prefix: string };
};

/**
 * What is to be done next, read off the ledger and the work area alone: the same for a fresh job, after a phase, and after a kill.
 * Looks at every step from the first on, because a later step may have found that output of an earlier one is lost.
 */
export async function advanceJob(flow: Flow, job: JobRecord, run: number, round: number): Promise<Next> {
  const { world } = flow;
  const { jobId } = job;
  const steps = job.shape.steps.length;
  const roundsMax = LOST_ROUNDS_MAX + ROUNDS_PER_STEP * steps;
  if (round > roundsMax) throw new LostTooOftenError({ jobId, rounds: roundsMax });
  const item = await readJobItem(world, jobId);
  if (item.state === 'COMMITTING') return { next: 'commit', step: steps - 1, round };
  const plans: StepPlan[] = [];
  for (let step = 0; step < steps; step++) {
    const plan = await readStepPlan(world, jobId, step);
    if (plan === undefined) return { next: 'plan', step, round };
    plans.push(plan);
    const next = await nextOfStep(flow, job, run, plans, round);
    if (next !== 'complete') return next;
  }
  return { next: 'commit', step: steps - 1, round };
}

/** `plans` end with that of the step itself; the steps before it are complete. */
async function nextOfStep(
  flow: Flow,
  job: JobRecord,
  run: number,
  plans: readonly StepPlan[],
  round: number,
): Promise<Next | 'complete'> {
  const { world } = flow;
  const plan = plans.at(-1)!;
  const { step } = plan;
  if (await needsSample(world, job, plan)) return { next: 'sample', step, round };
  const solo = await soloCommit(world, job.jobId, plan);
  const soloTask: TaskId = { jobId: job.jobId, step, phase: 'reduce', index: 0 };
  if (solo !== undefined && !(await dropStale(world, job, run, plans, [[soloTask, solo]]))) return 'complete';
  const isRefused = !plan.solo || (await world.work.head(soloRefusedKey(job.jobId, step))) !== undefined;
  return isRefused ? await nextOfPhases(flow, job, run, plans, round) : { next: 'solo', step, round };
}

async function needsSample(world: World, job: JobRecord, plan: StepPlan): Promise<boolean> {
  const shape = job.shape.steps[plan.step];
  assert(shape !== undefined, 'a planned step is one of the job');
  if (shape.partition !== 'range' || plan.partitions <= 1) return false;
  return (await world.work.head(boundariesKey(job.jobId, plan.step))) === undefined;
}

/** Invalidates commits that were made of pairs which an earlier step has left anew since, maybe with other content. */
async function dropStale(
  world: World,
  job: JobRecord,
  run: number,
  plans: readonly StepPlan[],
  commits: readonly (readonly [TaskId, Commit])[],
): Promise<boolean> {
  if (commits.every(([, { result }]) => result.upstream === undefined)) return false;
  const current = await winnerIds(world, job.jobId, plans.slice(0, -1));
  let dropped = false;
  for (const [task, { attemptId, result }] of commits) {
    if ((result.upstream ?? []).every((id) => current.has(id))) continue;
    world.log.write('warn', 'an earlier step has left its pairs anew: what was made of the old ones is made anew', { ...task });
    await world.ledger.invalidate(task, attemptId, run);
    dropped = true;
  }
  return dropped;
}

async function nextOfPhases(
  flow: Flow,
  job: JobRecord,
  run: number,
  plans: readonly StepPlan[],
  round: number,
): Promise<Next | 'complete'> {
  const { world } = flow;
  const { jobId } = job;
  const plan = plans.at(-1)!;
  const { step } = plan;
  let maps = await readMaps(world, jobId, plan);
  if (await dropStale(world, job, run, plans, maps.ofPairs)) maps = await readMaps(world, jobId, plan);
  const missingMaps = maps.missing;
  if (missingMaps.length > 0) {
    await enterState(world, jobId, run, 'MAPPING');
    const key = mapTasksKey(jobId, step, run, round);
    return { next: 'map', step, round, ...(await listTasks(flow, key, missingMaps, (index) => splitRow(plan, index))) };
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
    const differing = await digestsThatDiffer(world, jobId, step, manifest, groups, tasks);
    if (differing === 'lost') return { next: 'planReduce', step, round: round + 1 };
    // One consistent recovery line: a commit that read other content than this generation's is made anew.
    for (const index of differing) {
      const commit = tasks.get(index)!.commit!;
      world.log.write('warn', 'map is not deterministic: a rerun gave other content', { jobId, step, reduceTask: index });
      await world.ledger.invalidate({ jobId, step, phase: 'reduce', index }, commit.attemptId, run);
    }
    if (differing.length > 0) missing = uncommitted(await readAllTasks(world, jobId, step, 'reduce'), groups.length);
  }
  if (missing.length === 0) return 'complete';
  const key = reduceTasksKey(jobId, step, run, round);
  return { next: 'reduce', step, round, ...(await listTasks(flow, key, missing, (index) => groups[index]!.row)) };
}

/** Splits that nobody has mapped yet, and the commits that were made of an earlier step's pairs. Of many tasks, few are held at once. */
async function readMaps(
  world: World,
  jobId: string,
  plan: StepPlan,
): Promise<{ missing: readonly number[]; ofPairs: readonly (readonly [TaskId, Commit])[] }> {
  const { step } = plan;
  const committed = new Uint8Array(plan.splits);
  const ofPairs: (readonly [TaskId, Commit])[] = [];
  for await (const { index, commit } of eachTask(world, jobId, step, 'map')) {
    if (commit === undefined) continue;
    committed[index] = 1;
    if (commit.result.upstream !== undefined) ofPairs.push([{ jobId, step, phase: 'map', index }, commit]);
  }
  return { missing: indexesWithout(plan.splits, (index) => committed[index] === 1), ofPairs };
}

async function listTasks(
  flow: Flow,
  key: string,
  indexes: readonly number[],
  rowOf: (index: number) => RowRef,
): Promise<Omit<MapNext, 'next' | 'step' | 'round'>> {
  const pace: Pace = paceOf(indexes.length, flow.workers, flow.boundBy ?? 'sandboxes');
  await writeTaskList(flow.world, key, taskRefs(indexes, rowOf), pace.groupSize);
  const { bucket, prefix } = flow.workArea ?? { bucket: 'work', prefix: '' };
  const { groupConcurrency, taskConcurrency } = pace;
  return { bucket, key: `${prefix}${key}`, groupConcurrency, taskConcurrency, ...(flow.watch === true && { watch: true }) };
}

function* taskRefs(indexes: readonly number[], rowOf: (index: number) => RowRef): Generator<TaskRef> {
  for (const index of indexes) yield { index, row: rowOf(index) };
}
