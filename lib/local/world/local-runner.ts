import { type SandboxTask, TaskPrograms } from '../../coordinator/run-task.ts';
import type { AttemptControl } from '../../job/attempt-control.ts';
import { isJob, type Job } from '../../job/define-job.ts';
import type { TaskRunner } from '../../node/sandbox/sandbox-message.ts';
import type { World } from '../../ports/world.ts';
import { type LocalSettings, openLocalWorld } from './local-world.ts';

export { isJob };

/** Loaded by every task thread: the task programs over the local adapters. */
export function openRunner(settings: unknown): TaskRunner {
  return runnerOver(openLocalWorld(settings as LocalSettings));
}

export function runnerOver(world: World): TaskRunner {
  let programs: TaskPrograms | undefined;
  return {
    run(task: unknown, control: AttemptControl, job: unknown): Promise<unknown> {
      programs ??= new TaskPrograms(world, job as Job);
      return programs.run(task as SandboxTask, control);
    },
  };
}
