import { compareKeys } from '../record/compare-keys.ts';
import { hashKey } from '../record/hash-key.ts';
import { keyPrefixEnd } from '../record/key-prefix.ts';

/** How keys are shared out over the partitions. Made by `hash()` and `range()`; plain data. */
export type Partitioner = { readonly kind: 'partition'; readonly by: 'hash' | 'range' };

/** Spreads keys evenly, in no order. What a job has unless it says otherwise. */
export function hash(): Partitioner {
  return { kind: 'partition', by: 'hash' };
}

/** Neighbouring keys together, by boundaries that Plan samples: the parts one after another are in key order, so this is a total sort. */
export function range(): Partitioner {
  return { kind: 'partition', by: 'range' };
}

/** What decides a key's partition. With `groupBy` only the first elements of a tuple key count, so a group never spans two partitions. */
export type PartitionRule = {
  readonly partitions: number;
  /** Elements of a tuple key that group; 0 = the whole key. */
  readonly groupBy: number;
  /** Only for `range()`: encoded keys, or encoded group prefixes with `groupBy`, ascending. Undefined = by hash. */
  readonly boundaries?: readonly Uint8Array[] | undefined;
};

/**
 * The partition of the encoded key in bytes[start, end): 0 … partitions - 1. Called once a record, or once a distinct key.
 * @throws ShortKeyError when the key has fewer elements than `groupBy`
 */
export function partitionOf(rule: PartitionRule, bytes: Uint8Array, start: number, end: number): number {
  const prefixEnd = rule.groupBy === 0 ? end : keyPrefixEnd(bytes, start, end, rule.groupBy);
  if (rule.boundaries !== undefined) return partitionOfRange(rule.boundaries, bytes, start, prefixEnd);
  return rule.partitions === 1 ? 0 : partitionOfHash(hashKey(bytes, start, prefixEnd), rule.partitions);
}

/** Part of segment format 1, like the hash: multiply and shift, because the high bits of `hashKey` are as good as the low ones. */
export function partitionOfHash(hash32: number, partitions: number): number {
  return Math.floor((hash32 * partitions) / 0x1_0000_0000);
}

/** How many boundaries are at or below the key: partition i holds [boundaries[i - 1], boundaries[i]). */
export function partitionOfRange(boundaries: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): number {
  let low = 0;
  let high = boundaries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const boundary = boundaries[middle]!;
    if (compareKeys(boundary, 0, boundary.length, bytes, start, end) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * At most `partitions` - 1 boundaries, strictly ascending, that cut the sample into parts as even as its repeated keys allow. Fewer
 * distinct keys than partitions give fewer boundaries; the partitions behind the last one stay empty. Pure: the order of the sample does
 * not matter. With `groupBy` the boundaries are cut to group prefixes.
 * @throws ShortKeyError
 */
export function chooseBoundaries(sampleKeys: readonly Uint8Array[], partitions: number, groupBy = 0): Uint8Array[] {
  const cut = groupBy === 0 ? sampleKeys : sampleKeys.map((key) => key.subarray(0, keyPrefixEnd(key, 0, key.length, groupBy)));
  const sorted = cut.toSorted(compareWhole);
  const boundaries: Uint8Array[] = [];
  // The lowest key is no boundary: nothing would lie below it.
  let last = sorted[0];
  for (let partition = 1; partition < partitions && last !== undefined; partition++) {
    let at = Math.floor((partition * sorted.length) / partitions);
    // A key that fills more than one part gets a partition of its own: the next boundary is the key behind it.
    if (compareWhole(sorted[at]!, last) === 0) at = endOfEqual(sorted, at);
    const boundary = sorted[at];
    if (boundary === undefined || compareWhole(boundary, last) <= 0) continue;
    boundaries.push(boundary.slice());
    last = boundary;
  }
  return boundaries;
}

function endOfEqual(sorted: readonly Uint8Array[], at: number): number {
  let end = at + 1;
  while (end < sorted.length && compareWhole(sorted[end]!, sorted[at]!) === 0) end++;
  return end;
}

function compareWhole(a: Uint8Array, b: Uint8Array): number {
  return compareKeys(a, 0, a.length, b, 0, b.length);
}
