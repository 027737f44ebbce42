import { JobProgress } from './job-progress.ts';
import type { StackAccess } from './stack-access.ts';

/** What the attempts of a job on a stack have cost so far, those that run included. Reads its tasks once. */
export async function readCostUsd(access: StackAccess, jobId: string, steps: number): Promise<number> {
  const found = await new JobProgress(access.world, jobId, steps).read();
  return access.costOf((found?.phases ?? []).flatMap(({ items }) => items));
}
