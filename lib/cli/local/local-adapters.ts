import type { LocalAdapters } from '../../local/job/prepare-job.ts';
import { engineFile } from '../../node/bundle/engine-file.ts';
import { isS3Location } from '../../node/s3-location.ts';

/** Adapters for a job of this machine, by its inputs: undefined for those that need no more than files. */
export async function adaptersFor(locations: readonly string[]): Promise<LocalAdapters | undefined> {
  if (!locations.some(isS3Location)) return undefined;
  const { openS3World } = await import('./s3-world.ts');
  return { openWorld: openS3World, runner: engineFile('s3-runner') };
}
