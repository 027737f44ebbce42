import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaskGroup, TaskRef } from '../../lib/coordinator/machine-call.ts';
import { paceOf, writeTaskList } from '../../lib/coordinator/task-list.ts';
import { MemoryObjectStore } from '../../lib/memory/memory-object-store.ts';
import { splitRow } from '../../lib/split/read-splits.ts';
import type { StepPlan } from '../../lib/split/step-plan.ts';

/** A plan with chunks of so many rows; row i of a chunk has i + 1 bytes. */
function planOf(...chunkRows: readonly number[]): StepPlan {
  let splits = 0;
  const chunks = chunkRows.map((rows, chunk) => {
    const firstSplit = splits;
    splits += rows;
    return { key: `chunk-${chunk}`, firstSplit, rowEnds: Array.from({ length: rows }, (_, at) => ((at + 1) * (at + 2)) / 2) };
  });
  return { format: 1, step: 0, splits, objects: 1, inputBytes: 1, chunks, partitions: 1, mapOnly: false, solo: false };
}

async function listOf(
  tasks: readonly TaskRef[],
  { groupSize } = paceOf(tasks.length, 4, 'sandboxes'),
): Promise<readonly TaskGroup[]> {
  const work = new MemoryObjectStore();
  await writeTaskList({ work }, 'list.json', tasks, groupSize);
  return JSON.parse(Buffer.from(await work.read('list.json')).toString('utf8')) as TaskGroup[];
}

const tasksOf = (count: number): readonly TaskRef[] =>
  Array.from({ length: count }, (_, index) => ({ index, row: { key: 'k', byteStart: index, byteEnd: index + 1 } }));

describe('splitRow', () => {
  const plan = planOf(3, 3, 1);

  it.each([
    { name: 'the first row of all', index: 0, row: { key: 'chunk-0', byteStart: 0, byteEnd: 1 } },
    { name: 'a row within a chunk', index: 1, row: { key: 'chunk-0', byteStart: 1, byteEnd: 3 } },
    { name: 'the last row of a chunk', index: 2, row: { key: 'chunk-0', byteStart: 3, byteEnd: 6 } },
    { name: 'the first row of the next chunk', index: 3, row: { key: 'chunk-1', byteStart: 0, byteEnd: 1 } },
    { name: 'the last row of all', index: 6, row: { key: 'chunk-2', byteStart: 0, byteEnd: 1 } },
  ])('finds $name', ({ index, row }) => {
    expect(splitRow(plan, index)).toEqual(row);
  });

  it('finds every row exactly once, wherever the chunks end', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }), (chunkRows) => {
        const some = planOf(...chunkRows);
        const found = Array.from({ length: some.splits }, (_, index) => splitRow(some, index));
        const expected = some.chunks.flatMap(({ key, rowEnds }) =>
          rowEnds.map((byteEnd, row) => ({ key, byteStart: rowEnds[row - 1] ?? 0, byteEnd })),
        );
        expect(found).toEqual(expected);
      }),
    );
  });
});

describe('writeTaskList', () => {
  it('lists every task exactly once, in order, in groups of at most 40', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30_000 }), async (count) => {
        const groups = await listOf(tasksOf(count));
        expect(groups.flatMap(({ tasks }) => tasks)).toEqual(tasksOf(count));
        expect(Math.max(...groups.map(({ tasks }) => tasks.length))).toBeLessThanOrEqual(40);
      }),
      { numRuns: 20 },
    );
  });

  it.each([
    { count: 1, groups: 1, largest: 1 },
    { count: 256, groups: 256, largest: 1 },
    { count: 257, groups: 129, largest: 2 },
    { count: 10_240, groups: 256, largest: 40 },
    { count: 10_241, groups: 257, largest: 40 },
    { count: 100_000, groups: 2_500, largest: 40 },
  ])('makes $groups groups of $count tasks', async ({ count, groups, largest }) => {
    const list = await listOf(tasksOf(count));
    expect(list).toHaveLength(groups);
    expect(list[0]!.tasks).toHaveLength(largest);
  });

  it('keeps a group far below what a state may carry', async () => {
    const row = { key: `jobs/${'j'.repeat(40)}/0/splits/000099.jsonl`, byteStart: 1e12, byteEnd: 1e12 + 1e6 };
    const groups = await listOf(tasksOf(20_000).map(({ index }) => ({ index: 1e6 + index, row })));
    expect(Math.max(...groups.map((group) => JSON.stringify(group).length))).toBeLessThan(64 * 1024);
  });

  it('keeps the tasks that are left as they are: any indexes, with the rows where they lie', async () => {
    const tasks = [7, 3, 900_000].map((index) => ({ index, row: { key: `chunk-${index}`, byteStart: 5, byteEnd: 9 } }));
    expect((await listOf(tasks)).flatMap((group) => group.tasks)).toEqual(tasks);
  });

  it('lists no more groups than a distributed map may have; the rest comes in the next round', async () => {
    const groups = await listOf(tasksOf(450_000));
    expect(groups).toHaveLength(10_000);
    expect(groups.at(-1)?.tasks.at(-1)?.index).toBe(399_999);
  });
});

describe('paceOf', () => {
  it('never lets more tasks run at a time than there are workers, where the machine alone bounds them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400_000 }), fc.integer({ min: 1, max: 10_000 }), (tasks, workers) => {
        const { groupSize, groupConcurrency, taskConcurrency } = paceOf(tasks, workers, 'machine');
        expect(groupConcurrency).toBeGreaterThanOrEqual(1);
        expect(groupConcurrency * taskConcurrency).toBeLessThanOrEqual(workers);
        expect(taskConcurrency).toBeLessThanOrEqual(groupSize);
        expect(groupSize).toBeLessThanOrEqual(40);
        expect(Math.ceil(tasks / groupSize)).toBeLessThanOrEqual(10_000);
      }),
    );
  });

  it.each([
    { tasks: 1_000, workers: 1_000, pace: { groupSize: 10, groupConcurrency: 100, taskConcurrency: 10 } },
    { tasks: 1_000, workers: 10_000, pace: { groupSize: 40, groupConcurrency: 250, taskConcurrency: 40 } },
    { tasks: 100_000, workers: 1_000, pace: { groupSize: 40, groupConcurrency: 100, taskConcurrency: 10 } },
    { tasks: 30, workers: 9, pace: { groupSize: 1, groupConcurrency: 9, taskConcurrency: 1 } },
    { tasks: 500, workers: 1, pace: { groupSize: 40, groupConcurrency: 1, taskConcurrency: 1 } },
    { tasks: 7, workers: 150, pace: { groupSize: 2, groupConcurrency: 75, taskConcurrency: 2 } },
  ])('starts $tasks tasks on $workers workers in few children, and none waits without need', ({ tasks, workers, pace }) => {
    expect(paceOf(tasks, workers, 'machine')).toEqual(pace);
    expect(Math.min(Math.ceil(tasks / pace.groupSize), pace.groupConcurrency)).toBeLessThanOrEqual(250);
  });

  it('keeps every sandbox busy that bounds itself, and asks for as many as there may be where nobody says', () => {
    expect(paceOf(1_000, 4, 'sandboxes')).toEqual({ groupSize: 4, groupConcurrency: 10, taskConcurrency: 40 });
    expect(paceOf(10, 0, 'machine')).toEqual({ groupSize: 1, groupConcurrency: 0, taskConcurrency: 40 });
  });
});
