import { assert, ObjectMissingError } from '../errors.ts';
import { type AttemptFile, readAttemptFile } from '../output/attempt-file.ts';
import type { Commit, OutputResult, TaskId } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { readReduceGroups } from '../shuffle/reduce-groups.ts';
import { readStepPlan } from '../split/plan-step.ts';
import type { Split, SplitPairs } from '../split/split.ts';
import type { StepPlan } from '../split/step-plan.ts';
import { PackedList } from '../work/packed-list.ts';
import { eachTask } from '../work/read-tasks.ts';

/** A committed attempt that left output of its step. `isSolo`: it did the whole step. */
export type Winner = {
  readonly task: TaskId;
  readonly attemptId: string;
  readonly attemptKey: string;
  readonly isSolo: boolean;
};

/** Attempt files read at a time. */
export const FILES_IN_FLIGHT = 32;

/**
 * The commit of Solo, if Solo did the step: the one of reduce task 0 that read no index. It decides alone, also when it comes late and
 * the step is in phases by then.
 */
export async function soloCommit(world: Pick<World, 'ledger'>, jobId: string, plan: StepPlan): Promise<Commit | undefined> {
  if (!plan.solo) return undefined;
  const task = await world.ledger.readTask({ jobId, step: plan.step, phase: 'reduce', index: 0 });
  return task?.commit !== undefined && (task.commit.result as OutputResult).digest === '' ? task.commit : undefined;
}

/** Who left the step's output so far, in part order: Solo alone, or the map tasks of a map-only step, or the reduce tasks. */
export async function winnersOf(world: Pick<World, 'ledger'>, jobId: string, plan: StepPlan): Promise<PackedList<Winner>> {
  const { step } = plan;
  const solo = await soloCommit(world, jobId, plan);
  if (solo !== undefined) return PackedList.of([winner({ jobId, step, phase: 'reduce', index: 0 }, solo)]);
  const phase = plan.mapOnly ? 'map' : 'reduce';
  const winners = new PackedList<Winner>();
  for await (const { index, commit } of eachTask(world, jobId, step, phase)) {
    if (commit === undefined) continue;
    const found = winner({ jobId, step, phase, index }, commit);
    if (found.isSolo) return PackedList.of([found]);
    winners.push(found);
  }
  return winners;
}

/** The same, once every task has a commit; undefined before. */
export async function allWinners(
  world: Pick<World, 'ledger' | 'work'>,
  jobId: string,
  plan: StepPlan,
): Promise<PackedList<Winner> | undefined> {
  const winners = await winnersOf(world, jobId, plan);
  if (isSolo(winners)) return winners;
  const tasks = plan.mapOnly ? plan.splits : (await readReduceGroups(world, jobId, plan.step))?.length;
  return winners.length === tasks ? winners : undefined;
}

/** Did one attempt do the whole step? */
export function isSolo(winners: PackedList<Winner>): boolean {
  return winners.slice(0, 1)[0]?.isSolo === true;
}

/** Are the winners that were read before still all of them? Makes no second list of them, where there may be very many. */
export async function areStillWinners(
  world: Pick<World, 'ledger' | 'work'>,
  jobId: string,
  plan: StepPlan,
  known: PackedList<Winner>,
): Promise<boolean> {
  const before = known[Symbol.iterator]();
  if (plan.solo) {
    const winners = await allWinners(world, jobId, plan);
    if (winners?.length !== known.length) return false;
    for (const { attemptKey } of winners) if (attemptKey !== before.next().value?.attemptKey) return false;
    return true;
  }
  for await (const { index, commit } of eachTask(world, jobId, plan.step, plan.mapOnly ? 'map' : 'reduce')) {
    if (commit === undefined) continue;
    const winner = before.next().value;
    if (winner?.task.index !== index || winner.attemptId !== commit.attemptId) return false;
  }
  return before.next().done === true;
}

function winner(task: TaskId, { attemptId, result }: Commit): Winner {
  const { attemptKey, digest } = result as OutputResult;
  return { task, attemptId, attemptKey, isSolo: task.phase === 'reduce' && digest === '' };
}

/**
 * The attempt files of winners, in their order. Each that is gone has its commit invalidated: `lost` once all were tried.
 * @param run that invalidates; undefined leaves the commits as they are, for a caller who has output to take back first
 */
export async function readWinnerFiles(
  world: Pick<World, 'work' | 'ledger' | 'log'>,
  run: number | undefined,
  winners: Iterable<Winner>,
): Promise<readonly AttemptFile[] | 'lost'> {
  const files: AttemptFile[] = [];
  let lost = false;
  const all = [...winners];
  for (let at = 0; at < all.length; at += FILES_IN_FLIGHT) {
    const batch = all.slice(at, at + FILES_IN_FLIGHT);
    for (const file of await Promise.all(batch.map((each) => readWinnerFile(world, run, each)))) {
      if (file === undefined) lost = true;
      else files.push(file);
    }
  }
  return lost ? 'lost' : files;
}

/** Undefined when it is gone. */
async function readWinnerFile(
  world: Pick<World, 'work' | 'ledger' | 'log'>,
  run: number | undefined,
  { task, attemptId, attemptKey }: Winner,
): Promise<AttemptFile | undefined> {
  try {
    return await readAttemptFile(world, attemptKey);
  } catch (error) {
    if (!(error instanceof ObjectMissingError)) throw error;
    world.log.write('warn', 'an attempt file is gone: its task runs again', { ...task });
    if (run !== undefined) await world.ledger.invalidate(task, attemptId, run);
    return undefined;
  }
}

/** Every object of pairs that an earlier step left, in order, with the attempt that left it. */
export function pairsOf(winners: Iterable<Winner>, files: readonly AttemptFile[]): readonly SplitPairs[] {
  const objects = [...winners].flatMap(({ task, attemptId }, at) =>
    files[at]!.pairs.map((object) => ({ ...object, task: { step: task.step, phase: task.phase, index: task.index }, attemptId })),
  );
  return objects.map((object, place) => ({ ...object, place }));
}

/**
 * The split with the pairs that are committed now: since it was planned, a task of the earlier step may have lost its output and left it
 * anew. Undefined while that is still to be done.
 */
export async function resolvePairs(
  world: Pick<World, 'work' | 'ledger' | 'log'>,
  jobId: string,
  run: number,
  split: Split,
): Promise<Split | undefined> {
  if (split.pairs === undefined) return split;
  const pairs: SplitPairs[] = [];
  for (const object of split.pairs) {
    const task = await world.ledger.readTask({ jobId, ...object.task });
    if (task?.commit?.attemptId === object.attemptId) {
      pairs.push(object);
      continue;
    }
    const plan = await readStepPlan(world, jobId, object.task.step);
    assert(plan !== undefined, 'a step is planned before those that read its pairs');
    const winners = await allWinners(world, jobId, plan);
    const files = winners === undefined ? 'lost' : await readWinnerFiles(world, run, winners);
    const current = winners === undefined || files === 'lost' ? undefined : pairsOf(winners, files)[object.place];
    if (current === undefined) return undefined;
    pairs.push(current);
  }
  return { ...split, pairs };
}

/** Attempts that left what is committed of these steps: what was made of any other's pairs is to be made anew. */
export async function winnerIds(
  world: Pick<World, 'ledger'>,
  jobId: string,
  plans: readonly StepPlan[],
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const plan of plans) for (const { attemptId } of await winnersOf(world, jobId, plan)) ids.add(attemptId);
  return ids;
}
