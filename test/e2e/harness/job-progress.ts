import type { JobState, Phase } from '../../../lib/ports/task-ledger.ts';
import type { World } from '../../../lib/ports/world.ts';
import { readAllTasks } from '../../../lib/work/read-tasks.ts';
import { poll } from './poll.ts';

/** Waits until the ledger says so. Asks as often as it can: some states last a moment only. */
export async function untilState(world: World, jobId: string, ...states: readonly JobState[]): Promise<JobState> {
  return await poll(
    `${jobId} to be ${states.join(' or ')}`,
    async () => {
      const state = (await world.ledger.readJob(jobId))?.state;
      return state !== undefined && states.includes(state) ? state : undefined;
    },
    { timeoutMs: 120_000, intervalMs: 5 },
  );
}

/** Waits until that many tasks of a phase have committed. */
export async function untilCommitted(world: World, jobId: string, phase: Phase, count: number): Promise<void> {
  await poll(
    `${count} commits of ${phase} tasks of ${jobId}`,
    async () => ((await committedTasks(world, jobId, phase)).size >= count ? true : undefined),
    { timeoutMs: 120_000, intervalMs: 50 },
  );
}

/** Waits until that many tasks of a phase have begun and are not committed. */
export async function untilRunning(world: World, jobId: string, phase: Phase, count: number): Promise<void> {
  await poll(
    `${count} running ${phase} tasks of ${jobId}`,
    async () => {
      const tasks = [...(await readAllTasks(world, jobId, 0, phase)).values()];
      return tasks.filter((task) => task.attempts > 0 && task.commit === undefined).length >= count ? true : undefined;
    },
    { timeoutMs: 120_000, intervalMs: 50 },
  );
}

/** Each committed task of the first step with its attempts: what must stay as it is when the job goes on. */
export async function committedTasks(world: World, jobId: string, phase: Phase): Promise<ReadonlyMap<string, string>> {
  const tasks = [...(await readAllTasks(world, jobId, 0, phase)).values()];
  const committed = tasks.filter((task) => task.commit !== undefined);
  return new Map(
    committed.map(({ index, attempts, commit }) => [`${phase} ${index}`, `${attempts} attempts, won by ${commit!.attemptId}`]),
  );
}

/** Of both phases. */
export async function allCommitted(world: World, jobId: string): Promise<ReadonlyMap<string, string>> {
  return new Map([...(await committedTasks(world, jobId, 'map')), ...(await committedTasks(world, jobId, 'reduce'))]);
}
