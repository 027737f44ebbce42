import type { World } from '../ports/world.ts';
import { segmentsPrefix } from '../work/work-layout.ts';

/**
 * Removes the segments of a job that is DONE. Nobody reads them any more, and where storage is rented a shuffle's segments cost more by the
 * day than the job itself. Safe to repeat; what a crash leaves, the lifetime of work data takes.
 */
export async function dropSegments(world: Pick<World, 'work'>, jobId: string, steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    for await (const page of world.work.list(segmentsPrefix(jobId, step))) {
      const segments = page.flatMap(({ key }) => (key.endsWith('.seg') ? [key] : []));
      if (segments.length > 0) await world.work.delete(segments);
    }
  }
}
