import type { World } from '../ports/world.ts';
import { jobPrefix } from '../work/work-layout.ts';

/** Removes all that is known of a job: its work data first, so that a crash leaves a job that is merely run anew. */
export async function forgetJob(world: Pick<World, 'work' | 'ledger'>, jobId: string): Promise<void> {
  for await (const page of world.work.list(jobPrefix(jobId))) await world.work.delete(page.map((object) => object.key));
  await world.ledger.deleteJob(jobId);
}
