import { runToEnd } from '../../lib/aws/lambda/attempt-account.ts';
import { type SandboxTask, TaskPrograms } from '../../lib/coordinator/run-task.ts';
import type { Job } from '../../lib/job/define-job.ts';
import { type LocalSettings, openLocalWorld } from '../../lib/local/world/local-world.ts';
import type { TaskRunner } from '../../lib/node/sandbox/sandbox-message.ts';

export { isJob } from '../../lib/job/define-job.ts';

/** The twin of aws-runner.ts for a world that two threads can share without a network: files and SQLite. */
export function openRunner(settings: unknown): TaskRunner {
  const world = openLocalWorld(settings as LocalSettings);
  let programs: TaskPrograms | undefined;
  return {
    run(task, control, job) {
      programs ??= new TaskPrograms(world, job as Job);
      return runToEnd(programs, task as SandboxTask, control, () => ({ 's3:GetObject': 1 }));
    },
  };
}
