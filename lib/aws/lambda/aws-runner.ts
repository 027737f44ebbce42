import type { SandboxTask } from '../../coordinator/run-task.ts';
import { TaskPrograms } from '../../coordinator/run-task.ts';
import { isJob, type Job } from '../../job/define-job.ts';
import type { TaskRunner } from '../../node/sandbox/sandbox-message.ts';
import type { AwsSettings } from '../world/aws-settings.ts';
import { openAwsWorld } from '../world/aws-world.ts';
import { type AttemptAccount, runToEnd } from './attempt-account.ts';

export { isJob };

/** Plain data: it travels to the task thread. */
export type RunnerSettings = AwsSettings & {
  /** Of the whole function: what an attempt's time is priced by. */
  readonly sandboxMemoryBytes: number;
};

/** Loaded by every task thread: the task programs over the AWS adapters. Answers with an AttemptAccount. */
export function openRunner(settings: unknown): TaskRunner {
  const { sandboxMemoryBytes, ...aws } = settings as RunnerSettings;
  const world = openAwsWorld(aws, (line) => void process.stdout.write(line));
  let programs: TaskPrograms | undefined;
  return {
    run(task, control, job): Promise<AttemptAccount> {
      programs ??= new TaskPrograms(world, job as Job, sandboxMemoryBytes);
      return runToEnd(programs, task as SandboxTask, control, () => world.requests.counts.reset());
    },
  };
}
