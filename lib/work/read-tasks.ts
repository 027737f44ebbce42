import type { Phase, TaskItem } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';

/** All tasks of a phase, by index; a task that nobody began is absent. */
export async function readAllTasks(
  world: Pick<World, 'ledger'>,
  jobId: string,
  step: number,
  phase: Phase,
): Promise<ReadonlyMap<number, TaskItem>> {
  const tasks = new Map<number, TaskItem>();
  for await (const page of world.ledger.readTasks(jobId, step, phase)) for (const task of page) tasks.set(task.index, task);
  return tasks;
}

/** Indexes below `count` without a commit. */
export function uncommitted(tasks: ReadonlyMap<number, TaskItem>, count: number): readonly number[] {
  const indexes: number[] = [];
  for (let index = 0; index < count; index++) if (tasks.get(index)?.commit === undefined) indexes.push(index);
  return indexes;
}
