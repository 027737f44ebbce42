import type { Phase, TaskItem } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';

/** Every task of a phase that was begun, in index order, a page in memory at a time. */
export async function* eachTask(
  world: Pick<World, 'ledger'>,
  jobId: string,
  step: number,
  phase: Phase,
): AsyncGenerator<TaskItem> {
  for await (const page of world.ledger.readTasks(jobId, step, phase)) yield* page;
}

/** All tasks of a phase, by index; a task that nobody began is absent. */
export async function readAllTasks(
  world: Pick<World, 'ledger'>,
  jobId: string,
  step: number,
  phase: Phase,
): Promise<ReadonlyMap<number, TaskItem>> {
  const tasks = new Map<number, TaskItem>();
  for await (const task of eachTask(world, jobId, step, phase)) tasks.set(task.index, task);
  return tasks;
}

/** Indexes below `count` without a commit. */
export function uncommitted(tasks: Pick<ReadonlyMap<number, TaskItem>, 'get'>, count: number): readonly number[] {
  return indexesWithout(count, (index) => tasks.get(index)?.commit !== undefined);
}

export function indexesWithout(count: number, has: (index: number) => boolean): readonly number[] {
  const indexes: number[] = [];
  for (let index = 0; index < count; index++) if (!has(index)) indexes.push(index);
  return indexes;
}
