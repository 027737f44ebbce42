import type { JobItem } from '../../ports/task-ledger.ts';
import type { World } from '../../ports/world.ts';
import { UsageError, unknownName } from '../arguments/usage-error.ts';

/** The job of that id, or of an id that begins so; the newest when none is given. @throws UsageError */
export async function findJobIn(
  { ledger }: Pick<World, 'ledger'>,
  given: string | undefined,
  /** Such as `this folder`. */
  place: string,
  hint = 'See refold ls.',
): Promise<JobItem> {
  if (given !== undefined) {
    const exact = await ledger.readJob(given);
    if (exact !== undefined) return exact;
  }
  const jobs = await ledger.listJobs();
  const matching = given === undefined ? jobs.slice(0, 1) : jobs.filter((job) => job.jobId.startsWith(given));
  if (matching.length === 1) return matching[0]!;
  if (given === undefined) throw new UsageError({ problem: `There are no jobs in ${place}.`, hint });
  if (matching.length > 1) throw new UsageError({ problem: `${given} begins the ids of ${matching.length} jobs.`, hint });
  throw await unknownName(
    `job of ${place}`,
    given,
    jobs.map((job) => job.jobId),
    hint,
  );
}
