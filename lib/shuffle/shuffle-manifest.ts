import { readJson } from '../coordinator/job-access.ts';
import { shuffleKey } from '../coordinator/work-layout.ts';
import type { MapTotals } from '../output/map-totals.ts';
import type { World } from '../ports/world.ts';

/** A chunk of the index: the rows of up to 1,000 segments. */
export type IndexChunkRef = {
  readonly key: string;
  readonly bytes: number;
  /** Indexes of the map tasks whose segments it lists: half open. */
  readonly mapStart: number;
  readonly mapEnd: number;
  /** Names the segments in it, so that the next generation can use an unchanged chunk again. */
  readonly fingerprint: string;
};

/** `shuffle-<generation>/index.json`: one consistent set of segments. Written once, never changed. */
export type ShuffleManifest = {
  readonly format: 1;
  readonly generation: number;
  readonly chunks: readonly IndexChunkRef[];
  /** Sums over all segments, by partition. */
  readonly partitionRecords: readonly number[];
  readonly partitionRawBytes: readonly number[];
  /** Attempt id of each map task's commit, by map index. */
  readonly mapAttempts: readonly string[];
  readonly totals: MapTotals;
};

export function readShuffleManifest(
  world: Pick<World, 'work'>,
  jobId: string,
  step: number,
  generation: number,
): Promise<ShuffleManifest | undefined> {
  return readJson<ShuffleManifest>(world, shuffleKey(jobId, step, generation));
}
