import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../lib/errors.ts';
import { mergeRuns } from '../../lib/shuffle/merge.ts';
import { PlainCursor, type PlainRecord, plainRecords, readAll, sortStably } from './segments.ts';

const record = (partition: number, key: string, value: string): PlainRecord => ({ partition, key, value });

describe('mergeRuns', () => {
  it('gives the order of a stable sort: partition, key bytes, run, place in the run', () => {
    fc.assert(
      fc.property(fc.array(plainRecords(3), { maxLength: 9 }), (runs) => {
        // The value says where a record came from, so that a tie out of order cannot hide.
        const tagged = runs.map((records, run) =>
          sortStably(records.map((plain, place) => ({ ...plain, value: `${run}.${place}` }))),
        );
        const merged = readAll(mergeRuns(tagged.map((records) => new PlainCursor(records))));
        expect(merged).toEqual(sortStably(tagged.flat()));
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps the values of one key in the order of the runs', () => {
    const runs = [0, 1, 2, 3, 4].map(
      (run) => new PlainCursor([0, 1, 2].map((place) => record(0, 'the same long key of all', `${run}.${place}`))),
    );
    const values = readAll(mergeRuns(runs)).map((plain) => plain.value);
    expect(values).toEqual([
      '0.0',
      '0.1',
      '0.2',
      '1.0',
      '1.1',
      '1.2',
      '2.0',
      '2.1',
      '2.2',
      '3.0',
      '3.1',
      '3.2',
      '4.0',
      '4.1',
      '4.2',
    ]);
  });

  it('hands one run back as it is', () => {
    const run = new PlainCursor([]);
    expect(mergeRuns([run])).toBe(run);
  });

  it('stays at the end', () => {
    const merged = mergeRuns([new PlainCursor([record(2, 'a', '')]), new PlainCursor([])]);
    expect([merged.next(), merged.next(), merged.next()]).toEqual([true, false, false]);
    const nothing = mergeRuns([]);
    expect([nothing.next(), nothing.next()]).toEqual([false, false]);
  });

  it.each([
    { what: 'keys', run: [record(0, 'b', ''), record(0, 'a', '')] },
    { what: 'partitions', run: [record(1, 'a', ''), record(0, 'b', '')] },
  ])('refuses a run whose $what are out of order', ({ run }) => {
    expect(() => readAll(mergeRuns([new PlainCursor(run), new PlainCursor([record(0, 'c', ''), record(1, 'c', '')])]))).toThrow(
      InvariantError,
    );
  });
});
