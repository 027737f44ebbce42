import type { OutputResult, TaskItem } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { digestOf } from '../shuffle/digest.ts';
import type { PlacedGroup } from '../shuffle/reduce-groups.ts';
import { readIndexRows } from '../shuffle/shuffle-index.ts';
import type { ShuffleManifest } from '../shuffle/shuffle-manifest.ts';
import { dropIndex, isLostIndex } from './lost-work.ts';

/**
 * Reduce tasks whose commit read other content than this generation has. A commit that read this very generation needs no look; for the
 * others the rows are read again and digested, so a rerun map task with the same content changes nothing. `lost` when the index cannot
 * be read; it is dropped, to be written anew.
 */
export async function digestsThatDiffer(
  world: Pick<World, 'work' | 'log'>,
  jobId: string,
  step: number,
  manifest: ShuffleManifest,
  groups: readonly PlacedGroup[],
  tasks: ReadonlyMap<number, TaskItem>,
): Promise<readonly number[] | 'lost'> {
  const differing: number[] = [];
  for (const group of groups) {
    const result = tasks.get(group.index)?.commit?.result as OutputResult;
    // A sandbox of Solo that was given up may have committed since: its digest is '', which no rows have.
    if (result.generation === manifest.generation && result.digest !== '') continue;
    try {
      const digest = digestOf(await readIndexRows(world.work, manifest.chunks, group.partitionStart, group.partitionEnd));
      if (digest !== result.digest) differing.push(group.index);
    } catch (error) {
      if (!isLostIndex(error, manifest)) throw error;
      await dropIndex(world, jobId, step, manifest, error);
      return 'lost';
    }
  }
  return differing;
}
