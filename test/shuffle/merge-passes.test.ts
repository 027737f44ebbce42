import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fanInOf, mergeWithin } from '../../lib/shuffle/merge-passes.ts';
import { PlainCursor, PlainScratch, plainRecords, readAll, sortStably } from './segments.ts';

describe('mergeWithin', () => {
  it('gives the order of one merge, however few runs it reads at a time', () => {
    fc.assert(
      fc.property(
        fc.array(plainRecords(3, { maxLength: 12 }), { maxLength: 20 }),
        fc.integer({ min: 2, max: 5 }),
        (runs, fanInMax) => {
          const tagged = runs.map((records, run) =>
            sortStably(records.map((plain, place) => ({ ...plain, value: `${run}.${place}` }))),
          );
          const scratch = new PlainScratch();
          const cursors = tagged.map((records) => new PlainCursor(records));
          const merged = mergeWithin(cursors, { fanInMax, scratch, partitionStart: 0, partitionEnd: 3 });
          expect(readAll(merged.cursor)).toEqual(sortStably(tagged.flat()));
          if (runs.length <= fanInMax) expect(merged.scratchBytes).toBe(0);
          expect(scratch.openFiles).toBeLessThanOrEqual(fanInMax);
          merged.close();
          expect(scratch.openFiles).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('merges no more runs beforehand than it must', () => {
    const scratch = new PlainScratch();
    const runs = Array.from({ length: 11 }, (_, run) => new PlainCursor([{ partition: 5, key: 'k', value: String(run) }]));
    const merged = mergeWithin(runs, { fanInMax: 8, scratch, partitionStart: 5, partitionEnd: 6 });
    // Four runs to one: eight bytes of segment, a block header, and four records of four bytes.
    expect([scratch.files.length, merged.scratchBytes]).toEqual([1, 8 + 17 + 4 * 4]);
    expect(readAll(merged.cursor).map((record) => record.value)).toEqual(Array.from({ length: 11 }, (_, run) => String(run)));
  });

  it('opens a run once, and of very many few at a time', () => {
    const scratch = new PlainScratch();
    const all = Array.from({ length: 40 }, (_, run) => new PlainCursor([{ partition: 0, key: 'k', value: String(run) }]));
    const slices: number[] = [];
    const slice = (start = 0, end = all.length) => {
      slices.push(end - start);
      return all.slice(start, end);
    };
    const merged = mergeWithin({ length: 40, slice }, { fanInMax: 8, scratch, partitionStart: 0, partitionEnd: 1 });
    expect(Math.max(...slices)).toBe(8);
    expect(slices.reduce((sum, opened) => sum + opened, 0)).toBe(40);
    expect(readAll(merged.cursor).map((record) => record.value)).toEqual(all.map((_, run) => String(run)));
  });

  it('reads at least two runs at a time, whatever the memory', () => {
    expect([fanInOf(0), fanInOf(64 * 1024 * 1024)]).toEqual([2, 128]);
  });
});
