import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type LocalSettings, openLocalWorld } from '../local/local-world.ts';
import type { JobItem } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { UsageError, unknownName } from './usage-error.ts';

/** The work area of the current folder, which commands look into without making one. */
export type WorkArea = { readonly settings: LocalSettings; readonly world: World };

/** Undefined when no job was ever run here. */
export function openWorkArea(): WorkArea | undefined {
  const cwd = process.cwd();
  const settings = { cwd, workFolder: resolve(cwd, '.refold') };
  return existsSync(join(settings.workFolder, 'ledger.sqlite')) ? { settings, world: openLocalWorld(settings) } : undefined;
}

/** @throws UsageError when no job was ever run here */
export function requireWorkArea(): WorkArea {
  const area = openWorkArea();
  if (area !== undefined) return area;
  throw new UsageError({
    problem: `There are no jobs in ${process.cwd()}.`,
    hint: 'Go to the folder that the job was started in.',
  });
}

/** The job of that id, or of an id that begins so; the newest when none is given. @throws UsageError */
export async function findJob({ world }: WorkArea, given: string | undefined): Promise<JobItem> {
  if (given !== undefined) {
    const exact = await world.ledger.readJob(given);
    if (exact !== undefined) return exact;
  }
  const jobs = await world.ledger.listJobs();
  const matching = given === undefined ? jobs.slice(0, 1) : jobs.filter((job) => job.jobId.startsWith(given));
  if (matching.length === 1) return matching[0]!;
  const hint = 'See refold ls.';
  if (given === undefined) throw new UsageError({ problem: 'There are no jobs here.', hint });
  if (matching.length > 1) throw new UsageError({ problem: `${given} begins the ids of ${matching.length} jobs.`, hint });
  throw await unknownName(
    'job of this folder',
    given,
    jobs.map((job) => job.jobId),
    hint,
  );
}

export function locksFolder({ settings }: WorkArea): string {
  return join(settings.workFolder, 'locks');
}
