import { isJob, runnerOver } from '../../local/world/local-runner.ts';
import type { LocalSettings } from '../../local/world/local-world.ts';
import type { TaskRunner } from '../../node/sandbox/sandbox-message.ts';
import { openS3World } from './s3-world.ts';

export { isJob };

/** Loaded by every task thread of a job that reads from S3: the task programs over the local adapters, but for the input. */
export function openRunner(settings: unknown): TaskRunner {
  return runnerOver(openS3World(settings as LocalSettings));
}
