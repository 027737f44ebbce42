import { assert } from '../errors.ts';
import type { World } from '../ports/world.ts';
import type { RowRef } from '../work/row-ref.ts';
import { groupsKey } from '../work/work-layout.ts';

/** The partitions of one reduce task: neighbours, half open. */
export type ReduceGroup = { readonly index: number; readonly partitionStart: number; readonly partitionEnd: number };
export type PlacedGroup = ReduceGroup & { readonly row: RowRef };

const MIB = 1024 * 1024;
/** Raw bytes a reduce task gets, about, when its partitions are small: a task that is worth its start, and enough of them to share. */
const TASK_BYTES_MIN = 8 * MIB;
/** A task fetches a range of every segment. With ranges of this size 300 tasks at a time stay below the request rate of one S3 prefix. */
const RANGE_BYTES = 4 * MIB;
/** Tasks that a large shuffle has at least, so that there is something to share. */
const TASKS_WANTED = 64;
/** What fits the scratch space of a Lambda function twice: as fetched, and as merged. */
const TASK_BYTES_MAX = 4096 * MIB;

/** Raw bytes a reduce task gets, about: 8 MiB up to a shuffle of 512 MiB, then as much as makes each range it fetches worth its request. */
export function reduceTaskBytes(shuffleBytes: number, splits: number): number {
  return Math.max(TASK_BYTES_MIN, Math.min(splits * RANGE_BYTES, shuffleBytes / TASKS_WANTED, TASK_BYTES_MAX));
}

/**
 * Puts neighbouring partitions together until a reduce task has enough to do. Parts are written in partition order, so grouping changes
 * no order. With `reduceTasks` given by the user every partition is a task of its own.
 * @param splits as many segments there are, of each of which a task fetches a range
 */
export function groupPartitions(
  rawBytes: readonly number[],
  reduceTasks: number | 'auto',
  splits: number,
): readonly ReduceGroup[] {
  const taskBytes = reduceTaskBytes(
    rawBytes.reduce((sum, bytes) => sum + bytes, 0),
    splits,
  );
  const groups: ReduceGroup[] = [];
  let partitionStart = 0;
  let bytes = 0;
  for (let partition = 0; partition < rawBytes.length; partition++) {
    const isFull = partition > partitionStart && (reduceTasks !== 'auto' || bytes + rawBytes[partition]! > taskBytes);
    if (isFull) {
      groups.push({ index: groups.length, partitionStart, partitionEnd: partition });
      partitionStart = partition;
      bytes = 0;
    }
    bytes += rawBytes[partition]!;
  }
  groups.push({ index: groups.length, partitionStart, partitionEnd: rawBytes.length });
  return groups;
}

/** Once for all generations: whoever writes first decides. */
export async function writeReduceGroups(
  world: Pick<World, 'work'>,
  jobId: string,
  step: number,
  groups: readonly ReduceGroup[],
): Promise<readonly PlacedGroup[]> {
  const rows = groups.map((group) => `${JSON.stringify(group)}\n`).join('');
  await world.work.putIfAbsent(groupsKey(jobId, step), Buffer.from(rows));
  const written = await readReduceGroups(world, jobId, step);
  assert(written !== undefined, 'reduce groups that were just written are there');
  return written;
}

/** Undefined before PlanReduce of the step. */
export async function readReduceGroups(
  world: Pick<World, 'work'>,
  jobId: string,
  step: number,
): Promise<readonly PlacedGroup[] | undefined> {
  const key = groupsKey(jobId, step);
  if ((await world.work.head(key)) === undefined) return undefined;
  const bytes = Buffer.from(await world.work.read(key));
  const groups: PlacedGroup[] = [];
  for (let byteStart = 0; byteStart < bytes.length; ) {
    const byteEnd = bytes.indexOf(10, byteStart) + 1;
    const group = JSON.parse(bytes.toString('utf8', byteStart, byteEnd)) as ReduceGroup;
    groups.push({ ...group, row: { key, byteStart, byteEnd } });
    byteStart = byteEnd;
  }
  return groups;
}
