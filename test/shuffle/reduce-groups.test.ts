import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryObjectStore } from '../../lib/memory/memory-object-store.ts';
import { groupPartitions, readReduceGroups, reduceTaskBytes, writeReduceGroups } from '../../lib/shuffle/reduce-groups.ts';

const MIB = 1024 * 1024;
/** What a reduce task gets, about. */
const TASK_BYTES = 8 * MIB;

const show = (rawBytes: readonly number[], reduceTasks: number | 'auto' = 'auto') =>
  groupPartitions(rawBytes, reduceTasks, 8).map(({ partitionStart, partitionEnd }) => [partitionStart, partitionEnd]);

describe('groupPartitions', () => {
  it.each([
    { name: 'one task for one partition', mib: [3], groups: [[0, 1]] },
    { name: 'one task for an empty partition', mib: [0], groups: [[0, 1]] },
    { name: 'one task for partitions that are all empty', mib: [0, 0, 0], groups: [[0, 3]] },
    { name: 'one task for neighbours of 8 MiB together', mib: [4, 3, 1], groups: [[0, 3]] },
    {
      name: 'a task more for what would exceed that',
      mib: [4, 4, 1],
      groups: [
        [0, 2],
        [2, 3],
      ],
    },
    {
      name: 'a task of its own for a large partition',
      mib: [1, 90, 1],
      groups: [
        [0, 1],
        [1, 2],
        [2, 3],
      ],
    },
    {
      name: 'empty partitions along with what comes before them',
      mib: [8, 0, 0, 8, 0],
      groups: [
        [0, 3],
        [3, 5],
      ],
    },
  ])('plans $name', ({ mib, groups }) => {
    expect(show(mib.map((bytes) => bytes * MIB))).toEqual(groups);
  });

  it('makes every partition a task where the user has said how many', () => {
    expect(show([0, 1, 99 * MIB], 3)).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
  });

  it('gives each partition to one task, in order, and none to two; tasks are full or alone', () => {
    const sizes = fc.array(fc.oneof(fc.constant(0), fc.nat({ max: 12 * MIB })), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(sizes, fc.boolean(), (rawBytes, isAuto) => {
        const groups = groupPartitions(rawBytes, isAuto ? 'auto' : rawBytes.length, 1_000);
        expect(groups.map(({ index }) => index)).toEqual(groups.map((_, at) => at));
        const partitions = groups.flatMap(({ partitionStart, partitionEnd }) =>
          Array.from({ length: partitionEnd - partitionStart }, (_, at) => partitionStart + at),
        );
        expect(partitions).toEqual(rawBytes.map((_, at) => at));
        if (!isAuto) return;
        const bytesIn = (group: (typeof groups)[number]) =>
          rawBytes.slice(group.partitionStart, group.partitionEnd).reduce((sum, bytes) => sum + bytes, 0);
        for (const [at, group] of groups.entries()) {
          const filled = rawBytes.slice(group.partitionStart, group.partitionEnd).filter((bytes) => bytes > 0);
          if (bytesIn(group) > TASK_BYTES) expect(filled).toHaveLength(1);
          const next = groups[at + 1];
          if (next !== undefined) expect(bytesIn(group) + rawBytes[next.partitionStart]!).toBeGreaterThan(TASK_BYTES);
        }
      }),
    );
  });
});

describe('reduceTaskBytes', () => {
  it.each([
    { name: 'the smallest task up to a shuffle of 512 MiB', shuffleMib: 512, splits: 10_000, expectedMib: 8 },
    { name: 'the smallest task of few segments', shuffleMib: 1e6, splits: 2, expectedMib: 8 },
    { name: 'four MiB of each segment', shuffleMib: 1e6, splits: 1_000, expectedMib: 4_000 },
    { name: 'a share of a small shuffle of many segments', shuffleMib: 6_400, splits: 1_000, expectedMib: 100 },
    { name: 'no more than scratch holds twice', shuffleMib: 1e7, splits: 10_000, expectedMib: 4_096 },
  ])('gives $name', ({ shuffleMib, splits, expectedMib }) => {
    expect(reduceTaskBytes(shuffleMib * MIB, splits)).toBe(expectedMib * MIB);
  });

  it('makes fewer tasks of a large shuffle', () => {
    expect(groupPartitions(new Array<number>(4_000).fill(100 * MIB), 'auto', 1_000)).toHaveLength(100);
  });
});

describe('writeReduceGroups', () => {
  const groupsOf = (count: number) => groupPartitions(new Array<number>(count).fill(1), count, 1);

  it('answers groups with the rows where they lie, and reads them back', async () => {
    const work = new MemoryObjectStore();
    const placed = await writeReduceGroups({ work }, 'job', 0, groupsOf(12));
    expect(placed.map(({ index, partitionStart, partitionEnd }) => ({ index, partitionStart, partitionEnd }))).toEqual(
      groupsOf(12),
    );
    for (const { row, ...group } of placed) {
      const bytes = await work.readRange(row.key, undefined, row.byteStart, row.byteEnd);
      expect(JSON.parse(Buffer.from(bytes).toString('utf8'))).toEqual(group);
    }
    expect(await readReduceGroups({ work }, 'job', 0)).toEqual(placed);
  });

  it('is done once: a later generation gets the groups of the first, whatever it would have chosen', async () => {
    const work = new MemoryObjectStore();
    const first = await writeReduceGroups({ work }, 'job', 0, groupsOf(3));
    expect(await writeReduceGroups({ work }, 'job', 0, groupsOf(5))).toEqual(first);
    expect(await readReduceGroups({ work }, 'job', 0)).toEqual(first);
  });

  it('keeps the steps of a chain apart', async () => {
    const work = new MemoryObjectStore();
    await writeReduceGroups({ work }, 'job', 0, groupsOf(3));
    expect(await readReduceGroups({ work }, 'job', 1)).toBeUndefined();
    expect(await writeReduceGroups({ work }, 'job', 1, groupsOf(5))).toHaveLength(5);
  });
});
