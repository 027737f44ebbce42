import type { World } from '../ports/world.ts';
import { writeJsonArray } from '../work/json-array.ts';
import type { TaskGroup, TaskRef } from './machine-call.ts';

/** A child of the distributed map runs this many tasks at most, so that a thousand tasks start in a second. */
export const TASKS_PER_GROUP_MAX = 40;
/** Children of one distributed map (AWS quotas); what is more comes in the next round. */
export const GROUPS_MAX = 10_000;
/** Children that are started before all workers are busy: a state machine starts about a hundred a second. */
const GROUPS_AT_A_TIME = 100;
/** Groups that each place for a group sees in turn, where there are tasks enough: a place waits for the slowest task of its group. */
const GROUPS_IN_TURN = 4;

/** How the tasks of a phase are grouped, and how many of them run at a time. 0 at a time is as many as there may be. */
export type Pace = {
  readonly groupSize: number;
  readonly groupConcurrency: number;
  /** Of each group. */
  readonly taskConcurrency: number;
};

/**
 * With sandboxes that let surplus tasks wait, groups are small while there are few tasks, so that none waits behind another, and enough of
 * them are under way to keep every sandbox busy. Where nothing else bounds the tasks, groups × tasks at a time never exceed `workers`.
 * @param workers 0 = as many as there may be
 */
export function paceOf(tasks: number, workers: number, boundBy: 'sandboxes' | 'machine'): Pace {
  if (boundBy === 'sandboxes' || workers === 0) {
    const groupSize = clamp(Math.ceil(tasks / 256), 1, TASKS_PER_GROUP_MAX);
    return { groupSize, groupConcurrency: workers === 0 ? 0 : 2 * workers + 2, taskConcurrency: TASKS_PER_GROUP_MAX };
  }
  const taskConcurrency = clamp(Math.ceil(workers / GROUPS_AT_A_TIME), 1, TASKS_PER_GROUP_MAX);
  const groupConcurrency = Math.min(GROUPS_MAX, Math.floor(workers / taskConcurrency));
  const groupSize = clamp(Math.ceil(tasks / (groupConcurrency * GROUPS_IN_TURN)), taskConcurrency, TASKS_PER_GROUP_MAX);
  return { groupSize, groupConcurrency, taskConcurrency };
}

/** Writes a phase's task list: at most GROUPS_MAX groups, the first tasks first. Few tasks are in memory at a time. */
export async function writeTaskList(
  world: Pick<World, 'work'>,
  key: string,
  tasks: Iterable<TaskRef>,
  groupSize: number,
): Promise<void> {
  await writeJsonArray(world, key, groupsOf(tasks, groupSize));
}

function* groupsOf(tasks: Iterable<TaskRef>, groupSize: number): Generator<TaskGroup> {
  let groups = 0;
  let group: TaskRef[] = [];
  for (const task of tasks) {
    if (groups === GROUPS_MAX) return;
    group.push(task);
    if (group.length < groupSize) continue;
    yield { tasks: group };
    groups += 1;
    group = [];
  }
  if (group.length > 0) yield { tasks: group };
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
