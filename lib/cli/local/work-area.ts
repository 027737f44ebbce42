import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type LocalSettings, openLocalWorld } from '../../local/world/local-world.ts';
import type { JobItem } from '../../ports/task-ledger.ts';
import type { World } from '../../ports/world.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { findJobIn } from '../jobs/find-job.ts';

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
  return await findJobIn(world, given, 'this folder');
}

export function locksFolder({ settings }: WorkArea): string {
  return join(settings.workFolder, 'locks');
}
