import { assert } from '../errors.ts';
import type { World } from '../ports/world.ts';
import { encodeJson, readJson } from '../work/json-object.ts';
import { boundariesKey } from '../work/work-layout.ts';

/** Encoded keys at which the partitions of a range-partitioned step begin, from the second on. Written once, by Sample. */
export async function writeBoundaries(
  world: Pick<World, 'work'>,
  jobId: string,
  step: number,
  boundaries: readonly Uint8Array[],
): Promise<void> {
  const keys = boundaries.map((key) => Buffer.from(key).toString('base64'));
  await world.work.putIfAbsent(boundariesKey(jobId, step), encodeJson({ format: 1, keys }));
}

export async function readBoundaries(world: Pick<World, 'work'>, jobId: string, step: number): Promise<readonly Uint8Array[]> {
  const written = await readJson<{ keys: readonly string[] }>(world, boundariesKey(jobId, step));
  assert(written !== undefined, 'a range-partitioned step is sampled before it is mapped');
  return written.keys.map((key) => Uint8Array.from(Buffer.from(key, 'base64')));
}
