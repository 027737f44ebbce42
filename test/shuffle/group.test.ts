import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../lib/errors.ts';
import { ByteSink } from '../../lib/record/byte-sink.ts';
import { encodeKey } from '../../lib/record/key-encoder.ts';
import { ShortKeyError } from '../../lib/record/key-prefix.ts';
import { GroupCursor } from '../../lib/shuffle/group.ts';
import { PlainCursor, type PlainRecord, plainRecords, sortStably, textOf } from './segments.ts';

type Group = { partition: number; key: string; values: string[]; recordKeys: string[] };

/** Reads up to `limit` values of each group. */
function readGroups(groups: GroupCursor, limit: (group: number) => number = () => Infinity): Group[] {
  const found: Group[] = [];
  while (groups.nextGroup()) {
    const group: Group = { partition: groups.partition, key: '', values: [], recordKeys: [] };
    const max = limit(found.length);
    while (group.values.length < max && groups.nextValue()) {
      group.values.push(textOf(groups.valueBytes, groups.valueStart, groups.valueEnd));
      group.recordKeys.push(textOf(groups.recordBytes, groups.recordStart, groups.recordEnd));
    }
    // After the values: the cursor has moved on, the group's key must not have.
    group.key = textOf(groups.keyBytes, groups.keyStart, groups.keyEnd);
    found.push(group);
  }
  return found;
}

/** The oracle: neighbours with equal partition and prefix. */
function groupPlainly(sorted: readonly PlainRecord[], prefixOf: (key: string) => string): Group[] {
  const found: Group[] = [];
  for (const { partition, key, value } of sorted) {
    const last = found.at(-1);
    if (last?.partition === partition && last.key === prefixOf(key)) {
      last.values.push(value);
      last.recordKeys.push(key);
    } else found.push({ partition, key: prefixOf(key), values: [value], recordKeys: [key] });
  }
  return found;
}

function encoded(key: unknown): string {
  const sink = new ByteSink();
  encodeKey(key, sink);
  return textOf(sink.take());
}

describe('GroupCursor', () => {
  it('gives every group with all of its values, in order', () => {
    fc.assert(
      fc.property(plainRecords(3), (records) => {
        const sorted = sortStably(records);
        const groups = new GroupCursor(new PlainCursor(sorted));
        const expected = groupPlainly(sorted, (key) => key);
        expect(readGroups(groups)).toEqual(expected);
        expect(groups).toMatchObject({ groups: expected.length, delivered: sorted.length, skipped: 0 });
        expect([groups.nextGroup(), groups.nextValue()]).toEqual([false, false]);
      }),
      { numRuns: 500 },
    );
  });

  it('drains what a reducer leaves of a group, and counts it as skipped', () => {
    fc.assert(
      fc.property(plainRecords(2), fc.array(fc.nat({ max: 3 }), { minLength: 1 }), (records, limits) => {
        const sorted = sortStably(records);
        const limit = (group: number) => limits[group % limits.length]!;
        const groups = new GroupCursor(new PlainCursor(sorted));
        const expected = groupPlainly(sorted, (key) => key).map((group, at) => group.values.slice(0, limit(at)));
        expect(readGroups(groups, limit).map((group) => group.values)).toEqual(expected);
        const delivered = expected.flat().length;
        expect(groups).toMatchObject({ delivered, skipped: sorted.length - delivered });
      }),
      { numRuns: 300 },
    );
  });

  it('groups by the first elements of tuple keys, and shows the whole key of each record', () => {
    const tuple = fc.tuple(
      fc.constantFrom('', 'a', 'a\0', 'ab', 1, -1),
      fc.constantFrom('', '\0', 'b', null),
      fc.nat({ max: 2 }),
    );
    fc.assert(
      fc.property(fc.array(tuple, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), (keys, elements) => {
        const prefixes = new Map(keys.map((key) => [encoded(key), encoded(key.slice(0, elements))]));
        const sorted = sortStably(keys.map((key, at) => ({ partition: 0, key: encoded(key), value: String(at) })));
        const groups = new GroupCursor(new PlainCursor(sorted), elements);
        expect(readGroups(groups)).toEqual(groupPlainly(sorted, (key) => prefixes.get(key)!));
      }),
      { numRuns: 300 },
    );
  });

  it('refuses a key with fewer elements than make a group', () => {
    const groups = new GroupCursor(new PlainCursor([{ partition: 0, key: encoded(['a']), value: '' }]), 2);
    expect(() => groups.nextGroup()).toThrow(ShortKeyError);
  });

  it('refuses groups that come out of order, so that no key is reduced twice', () => {
    const sorted = ['a', 'b', 'a'].map((key) => ({ partition: 0, key, value: '' }));
    expect(() => readGroups(new GroupCursor(new PlainCursor(sorted)))).toThrow(InvariantError);
  });
});
