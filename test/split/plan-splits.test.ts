import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PlannedObject, planSplits, resolveSplitBytes, SplitPacker } from '../../lib/split/plan-splits.ts';

const MIB = 1024 * 1024;
const RANGES_PER_SPLIT_MAX = 5_000;

/** `a` of the first size, `b` of the second, and so on; a size with a `!` must stay whole. */
function objects(...sizes: readonly (number | `${number}!`)[]): readonly PlannedObject[] {
  return sizes.map((size, at) => ({
    key: String.fromCharCode(97 + at),
    version: `v${at}`,
    bytes: Number.parseInt(String(size), 10),
    cuts: typeof size === 'string' ? 'whole' : 'ranges',
  }));
}

/** Splits as text: `a[0,4) b[0,2)`. */
function planned(list: readonly PlannedObject[], splitBytes: number): readonly string[] {
  return [...planSplits(list, splitBytes)].map((ranges) =>
    ranges.map(({ key, byteStart, byteEnd }) => `${key}[${byteStart},${byteEnd})`).join(' '),
  );
}

const listing = () =>
  fc
    .array(fc.record({ bytes: fc.oneof(fc.constant(0), fc.nat({ max: 200 })), mayBeCut: fc.boolean() }), { maxLength: 40 })
    .map((list): readonly PlannedObject[] =>
      list.map(({ bytes, mayBeCut }, at) => ({ key: `k${at}`, version: `v${at}`, bytes, cuts: mayBeCut ? 'ranges' : 'whole' })),
    );
const anySplitBytes = () => fc.integer({ min: 1, max: 64 });

describe('planSplits', () => {
  it.each([
    { name: 'no split where there is no object', list: objects(), splits: [] },
    { name: 'one empty range for an empty object', list: objects(0), splits: ['a[0,0)'] },
    { name: 'one range for an object of exactly splitBytes', list: objects(4), splits: ['a[0,4)'] },
    { name: 'two equal pieces for a byte more', list: objects(5), splits: ['a[0,2)', 'a[2,5)'] },
    { name: 'equal pieces and no short last one', list: objects(9), splits: ['a[0,3)', 'a[3,6)', 'a[6,9)'] },
    { name: 'small objects together, as many as fit', list: objects(1, 2, 1, 1), splits: ['a[0,1) b[0,2) c[0,1)', 'd[0,1)'] },
    { name: 'empty objects along with the others', list: objects(0, 4, 0), splits: ['a[0,0) b[0,4) c[0,0)'] },
    {
      name: 'a split of its own for each piece of a large object between small ones',
      list: objects(1, 8, 1),
      splits: ['a[0,1)', 'b[0,4)', 'b[4,8)', 'c[0,1)'],
    },
    { name: 'a large object that must stay whole in one range', list: objects('9!'), splits: ['a[0,9)'] },
    { name: 'a large whole object apart from the small ones', list: objects(1, '9!', 1), splits: ['a[0,1)', 'b[0,9)', 'c[0,1)'] },
    { name: 'small whole objects together like others', list: objects('1!', 1, '2!'), splits: ['a[0,1) b[0,1) c[0,2)'] },
  ])('plans $name', ({ list, splits }) => {
    expect(planned(list, 4)).toEqual(splits);
  });

  it('carries the version and the size of the object with every range', () => {
    const ranges = [...planSplits(objects(9, 1), 4)].flat();
    expect(ranges.map(({ key, version, bytes }) => [key, version, bytes])).toEqual([
      ['a', 'v0', 9],
      ['a', 'v0', 9],
      ['a', 'v0', 9],
      ['b', 'v1', 1],
    ]);
  });

  it('covers every byte of every object exactly once, in the order of the listing', () => {
    fc.assert(
      fc.property(listing(), anySplitBytes(), (list, splitBytes) => {
        const bytesOf = (key: string, byteStart: number, byteEnd: number) =>
          Array.from({ length: byteEnd - byteStart }, (_, at) => `${key}:${byteStart + at}`);
        const ranges = [...planSplits(list, splitBytes)].flat();
        const covered = ranges.flatMap(({ key, byteStart, byteEnd }) => bytesOf(key, byteStart, byteEnd));
        expect(covered).toEqual(list.flatMap(({ key, bytes }) => bytesOf(key, 0, bytes)));
        expect([...new Set(ranges.map(({ key }) => key))]).toEqual(list.map(({ key }) => key));
      }),
    );
  });

  it('cuts only what may be cut, and only what is larger than a split', () => {
    fc.assert(
      fc.property(listing(), anySplitBytes(), (list, splitBytes) => {
        const pieces = Map.groupBy([...planSplits(list, splitBytes)].flat(), ({ key }) => key);
        for (const { key, bytes, cuts } of list) {
          const isCut = cuts === 'ranges' && bytes > splitBytes;
          expect(pieces.get(key)).toHaveLength(isCut ? Math.ceil(bytes / splitBytes) : 1);
        }
      }),
    );
  });

  it('keeps splits near splitBytes: none above it but a whole object, none that its neighbour had room for', () => {
    fc.assert(
      fc.property(listing(), anySplitBytes(), (list, splitBytes) => {
        const splits = [...planSplits(list, splitBytes)];
        const bytesIn = (ranges: (typeof splits)[number]) =>
          ranges.reduce((sum, range) => sum + range.byteEnd - range.byteStart, 0);
        const isPiece = (ranges: (typeof splits)[number]) => ranges[0]!.byteEnd - ranges[0]!.byteStart < ranges[0]!.bytes;
        for (const [at, ranges] of splits.entries()) {
          expect(ranges.length).toBeGreaterThan(0);
          const [{ bytes }] = ranges as [(typeof ranges)[number]];
          if (isPiece(ranges)) {
            const wanted = bytes / Math.ceil(bytes / splitBytes);
            expect(ranges).toHaveLength(1);
            expect(Math.abs(bytesIn(ranges) - wanted)).toBeLessThan(1);
            continue;
          }
          if (bytesIn(ranges) > splitBytes) expect(ranges.filter((range) => range.bytes > 0)).toHaveLength(1);
          const next = splits[at + 1];
          if (next === undefined || isPiece(next)) continue;
          expect(bytesIn(ranges) + next[0]!.bytes).toBeGreaterThan(splitBytes);
        }
      }),
    );
  });

  it('puts at most 5,000 objects into a split, however small they are', () => {
    for (const bytes of [0, 1]) {
      const list = Array.from({ length: 2 * RANGES_PER_SPLIT_MAX + 1 }, (_, at) => ({ ...objects(bytes)[0]!, key: `k${at}` }));
      const lengths = [...planSplits(list, 1e9)].map((ranges) => ranges.length);
      expect(lengths).toEqual([RANGES_PER_SPLIT_MAX, RANGES_PER_SPLIT_MAX, 1]);
    }
  });

  it('reads the listing no further than the split in hand', () => {
    let read = 0;
    function* endless(): Generator<PlannedObject> {
      for (;;) {
        read += 1;
        yield objects(2)[0]!;
      }
    }
    planSplits(endless(), 4).next();
    expect(read).toBe(3);
  });
});

describe('SplitPacker', () => {
  it('plans what planSplits does, wherever the pages of a listing end', () => {
    fc.assert(
      fc.property(listing(), anySplitBytes(), fc.integer({ min: 1, max: 7 }), (list, splitBytes, pageObjects) => {
        const packer = new SplitPacker(splitBytes);
        const splits = [];
        for (let at = 0; at < list.length; at += pageObjects) {
          for (const object of list.slice(at, at + pageObjects)) splits.push(...packer.add(object));
        }
        splits.push(...packer.flush());
        expect(splits).toEqual([...planSplits(list, splitBytes)]);
      }),
    );
  });

  it('flushes what it holds once', () => {
    const packer = new SplitPacker(4);
    expect([...packer.add(objects(1)[0]!)]).toEqual([]);
    expect([...packer.flush()]).toHaveLength(1);
    expect([...packer.flush()]).toEqual([]);
  });
});

describe('resolveSplitBytes', () => {
  it.each([
    { name: 'the size that is asked for, however odd', splitBytes: 3, inputBytes: 1e12, expected: 3 },
    { name: 'no less than 8 MiB', splitBytes: 'auto' as const, inputBytes: 0, expected: 8 * MIB },
    { name: 'the least up to eight times that', splitBytes: 'auto' as const, inputBytes: 64 * MIB, expected: 8 * MIB },
    { name: 'an eighth of the input, rounded up', splitBytes: 'auto' as const, inputBytes: 64 * MIB + 1, expected: 8 * MIB + 1 },
    { name: 'an eighth of a larger one', splitBytes: 'auto' as const, inputBytes: 400 * MIB, expected: 50 * MIB },
    { name: 'no more than 64 MiB', splitBytes: 'auto' as const, inputBytes: 600 * MIB, expected: 64 * MIB },
    { name: 'just that up to 4 GiB', splitBytes: 'auto' as const, inputBytes: 4096 * MIB, expected: 64 * MIB },
    { name: 'as many MiB as there will be splits', splitBytes: 'auto' as const, inputBytes: 40_000 * MIB, expected: 200 * MIB },
    { name: 'no more than 2 GiB', splitBytes: 'auto' as const, inputBytes: 1e14, expected: 2048 * MIB },
  ])('gives $name', ({ splitBytes, inputBytes, expected }) => {
    expect(resolveSplitBytes(splitBytes, inputBytes)).toBe(expected);
  });
});
