import type { JobItem } from '../../ports/task-ledger.ts';
import { findJobIn } from '../jobs/find-job.ts';
import type { StackAccess } from './stack-access.ts';

/** The job of that id, or of an id that begins so; the newest when none is given. @throws UsageError */
export async function findStackJob(
  { stack, world }: Pick<StackAccess, 'stack' | 'world'>,
  given: string | undefined,
): Promise<JobItem> {
  return await findJobIn(world, given, `the stack ${stack}`, `See refold ls --stack ${stack}.`);
}
