import type { World } from '../ports/world.ts';
import { encodeJson } from '../work/json-object.ts';
import type { TaskGroup, TaskRef } from './machine-call.ts';

/** A child of the distributed map runs this many tasks at most, so that a thousand tasks start in a second. */
export const TASKS_PER_GROUP_MAX = 40;

/** Writes a phase's task list: small groups while there are few tasks, so that none waits behind another. */
export async function writeTaskList(world: Pick<World, 'work'>, key: string, tasks: readonly TaskRef[]): Promise<void> {
  const groupSize = Math.max(1, Math.min(TASKS_PER_GROUP_MAX, Math.ceil(tasks.length / 256)));
  const groups: TaskGroup[] = [];
  for (let start = 0; start < tasks.length; start += groupSize) groups.push({ tasks: tasks.slice(start, start + groupSize) });
  await world.work.put(key, encodeJson(groups));
}
