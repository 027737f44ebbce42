import type { World } from '../ports/world.ts';
import { readJson } from '../work/json-object.ts';
import { shuffleKey } from '../work/work-layout.ts';
import type { MapTotals } from './map-totals.ts';

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
