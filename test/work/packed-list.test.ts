import { describe, expect, it } from 'vitest';
import { ITEMS_PER_PAGE, PackedList } from '../../lib/work/packed-list.ts';

const itemOf = (index: number) => ({
  task: { jobId: 'job', index },
  ref: `${(index * 2_654_435_761) % 2 ** 32}`,
  parts: [index],
});
const itemsOf = (count: number) => Array.from({ length: count }, (_, index) => itemOf(index));

describe('PackedList', () => {
  it.each([0, 1, 999, 1_000, 1_001, 2_500])('gives %i items back in order, whole and in slices', (count) => {
    const items = itemsOf(count);
    const list = PackedList.of(items);
    expect(list.length).toBe(count);
    expect([...list]).toEqual(items);
    for (const [start, end] of [
      [0, 1],
      [0, 1_000],
      [998, 1_003],
      [1_000, 2_000],
      [2_400, 9_000],
      [5, 5],
    ] as const) {
      expect(list.slice(start, end)).toEqual(items.slice(start, end));
    }
  });

  it('takes more items after it was read', () => {
    const list = PackedList.of(itemsOf(ITEMS_PER_PAGE - 1));
    expect([...list]).toHaveLength(ITEMS_PER_PAGE - 1);
    list.push(itemOf(ITEMS_PER_PAGE - 1));
    list.push(itemOf(ITEMS_PER_PAGE));
    expect([...list]).toEqual(itemsOf(ITEMS_PER_PAGE + 1));
  });

  it('keeps an item in a few dozen bytes', () => {
    expect(PackedList.of(itemsOf(10_000)).packedBytes / 10_000).toBeLessThan(40);
  });
});
