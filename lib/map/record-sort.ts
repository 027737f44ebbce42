import { type PartitionRule, partitionOf } from '../job/partitioner.ts';
import { compareKeys } from '../record/compare-keys.ts';
import { entryKeyStart, KEY_LENGTH_MASK } from './arena.ts';
import type { MapMemory } from './map-memory.ts';

/** Words that the sort of n entries needs behind the arena: SORT_ENTRY_WORDS * n. */
export const SORT_ENTRY_WORDS = 7;

/** Words of one row: the first four and the next four bytes of the key, big-endian, and where the entry lies. */
const ROW = 3;
/** Up to here insertion beats another round of counting. */
const INSERTION_ROWS_MAX = 24;
const TIED_ROWS_INSERTED_MAX = 12;
const PREFIX_BYTES = 8;
const DIGITS = 256;
const TOUCHED_ROWS = 64;
/** An entry is touched at its start and so far behind it: a short key may reach into the next line of the cache. */
const TOUCHED_WORDS = 4;

/**
 * Sorts entries of the arena by partition, then key bytes, then the order in which they were put. Two areas of rows in the free
 * memory: rows are dealt out by partition, then by one byte of the prefix after another (MSD radix), forth and back between the areas; few
 * rows are sorted by insertion, and rows with equal prefixes get the next eight bytes of their keys. A million keys of 8 letters in 16
 * partitions: 28 ns a key to put, its hash included, and 40 ns to sort.
 */
export class RecordSort {
  /** Written so that loads that only bring words into the cache are not dropped as useless. */
  touched = 0;
  private readonly memory: MapMemory;
  private readonly rule: PartitionRule;
  /** Rows of partition p are [partitionStarts[p], partitionStarts[p + 1]). */
  readonly partitionStarts: Int32Array;
  count = 0;
  /** First words of the two areas and of the column of partitions. */
  private rowsAt = 0;
  private spareAt = 0;
  private partitionsAt = 0;
  private putAt = 0;
  /** Key bytes before the prefix: equal in all rows of the group in hand. */
  private depth = 0;
  private readonly counts = new Int32Array(DIGITS * (PREFIX_BYTES + 1));
  /** Groups of rows with equal prefixes, still to be sorted by what follows: start, end, depth. */
  private readonly tied: number[] = [];

  constructor(memory: MapMemory, rule: PartitionRule) {
    this.memory = memory;
    this.rule = rule;
    this.partitionStarts = new Int32Array(rule.partitions + 1);
  }

  /** The free memory starts at word `arenaEnd`. Then `put` each of `count` entries, in order, then `sort`. */
  begin(arenaEnd: number, count: number): void {
    const { partitions } = this.rule;
    this.count = count;
    this.rowsAt = arenaEnd;
    this.spareAt = arenaEnd + count * ROW;
    this.partitionsAt = arenaEnd + count * ROW * 2;
    // Dealing out by partition moves rows from the spare area to the other one.
    this.putAt = partitions === 1 ? this.rowsAt : this.spareAt;
    this.partitionStarts.fill(0);
  }

  put(index: number, ref: number): void {
    const { words, bytes, view } = this.memory;
    const keyStart = entryKeyStart(ref);
    const length = words[ref + 1]! & KEY_LENGTH_MASK;
    if (this.rule.partitions > 1) {
      const partition = partitionOf(this.rule, bytes, keyStart, keyStart + length);
      words[this.partitionsAt + index] = partition;
      this.partitionStarts[partition]!++;
    }
    const row = this.putAt + index * ROW;
    const kept = Math.min(length, PREFIX_BYTES);
    words[row] = view.getInt32(keyStart) & HIGH_MASKS[kept]!;
    words[row + 1] = view.getInt32(keyStart + 4) & LOW_MASKS[kept]!;
    words[row + 2] = ref;
  }

  sort(): void {
    const { partitions } = this.rule;
    if (partitions > 1) this.dealOut();
    else this.partitionStarts[1] = this.count;
    this.depth = 0;
    const starts = this.partitionStarts;
    for (let partition = 0; partition < partitions; partition++) {
      if (starts[partition + 1]! > starts[partition]!) this.sortRows(starts[partition]!, starts[partition + 1]!, 0, true);
    }
    this.sortTied();
  }

  /** Word of the entry at `index` of the sorted order. Valid until the memory is written. */
  refAt(index: number): number {
    return this.memory.words[this.rowsAt + index * ROW + 2]!;
  }

  /**
   * Brings the entries from `index` on into the cache, a few dozen at a time: called at each step of a walk in sorted order, where every
   * entry is a far read. The loads of one batch do not wait for one another.
   */
  touchFrom(index: number): void {
    if (index % TOUCHED_ROWS !== 0) return;
    const { words } = this.memory;
    const end = Math.min(index + TOUCHED_ROWS, this.count);
    let touched = 0;
    for (let row = this.rowsAt + index * ROW + 2; row < this.rowsAt + end * ROW; row += ROW) {
      const ref = words[row]!;
      touched ^= words[ref]! ^ words[ref + TOUCHED_WORDS]!;
    }
    this.touched = touched;
  }

  private dealOut(): void {
    const { words } = this.memory;
    const { count, rowsAt, spareAt, partitionsAt, partitionStarts } = this;
    let start = 0;
    for (let partition = 0; partition < partitionStarts.length; partition++) {
      const rows = partitionStarts[partition]!;
      partitionStarts[partition] = start;
      start += rows;
    }
    for (let index = 0; index < count; index++) {
      const partition = words[partitionsAt + index]!;
      const at = partitionStarts[partition]!;
      partitionStarts[partition] = at + 1;
      const from = spareAt + index * ROW;
      const to = rowsAt + at * ROW;
      words[to] = words[from]!;
      words[to + 1] = words[from + 1]!;
      words[to + 2] = words[from + 2]!;
    }
    // Each start was moved to its end, which is the start of the next.
    partitionStarts.copyWithin(1, 0, partitionStarts.length - 1);
    partitionStarts[0] = 0;
  }

  /** Sorts rows [start, end) by the prefix from its `byte` on. They lie in `rows` or in `spare`, and end in `rows`. */
  private sortRows(start: number, end: number, byte: number, inRows: boolean): void {
    if (end - start <= INSERTION_ROWS_MAX) {
      this.insertRows(start, end, inRows);
      return;
    }
    if (byte === PREFIX_BYTES) {
      if (!inRows) this.copyBack(start, end);
      this.sortEqual(start, end);
      return;
    }
    const { words } = this.memory;
    const { counts } = this;
    const from = inRows ? this.rowsAt : this.spareAt;
    const to = inRows ? this.spareAt : this.rowsAt;
    const column = byte >> 2;
    const shift = 24 - ((byte & 3) << 3);
    const base = byte * DIGITS;
    counts.fill(0, base, base + DIGITS);
    const endAt = from + end * ROW;
    for (let at = from + start * ROW + column; at < endAt; at += ROW) counts[base + ((words[at]! >>> shift) & 255)]!++;
    if (counts[base + ((words[from + start * ROW + column]! >>> shift) & 255)] === end - start) {
      this.sortRows(start, end, this.nextVarying(from, start, end), inRows);
      return;
    }
    let next = start;
    for (let digit = base; digit < base + DIGITS; digit++) {
      const rows = counts[digit]!;
      counts[digit] = next;
      next += rows;
    }
    for (let at = from + start * ROW; at < endAt; at += ROW) {
      const digit = base + ((words[at + column]! >>> shift) & 255);
      const index = counts[digit]!;
      counts[digit] = index + 1;
      const target = to + index * ROW;
      words[target] = words[at]!;
      words[target + 1] = words[at + 1]!;
      words[target + 2] = words[at + 2]!;
    }
    let rowsStart = start;
    for (let digit = base; digit < base + DIGITS; digit++) {
      const rowsEnd = counts[digit]!;
      if (rowsEnd > rowsStart) this.sortRows(rowsStart, rowsEnd, byte + 1, !inRows);
      rowsStart = rowsEnd;
    }
  }

  /** The first byte of the prefix in which the rows differ: a hot key takes one pass instead of eight. */
  private nextVarying(from: number, start: number, end: number): number {
    const { words } = this.memory;
    const endAt = from + end * ROW;
    const first = from + start * ROW;
    const firstHigh = words[first]!;
    const firstLow = words[first + 1]!;
    let high = 0;
    let low = 0;
    for (let at = first; at < endAt; at += ROW) {
      high |= words[at]! ^ firstHigh;
      low |= words[at + 1]! ^ firstLow;
    }
    return high !== 0 ? Math.clz32(high) >> 3 : low !== 0 ? 4 + (Math.clz32(low) >> 3) : PREFIX_BYTES;
  }

  /** By the whole prefix, stable; then the equal ones by what follows. */
  private insertRows(start: number, end: number, inRows: boolean): void {
    const { words } = this.memory;
    const from = inRows ? this.rowsAt : this.spareAt;
    const to = this.rowsAt;
    const first = to + start * ROW;
    let hasEqual = false;
    for (let index = start; index < end; index++) {
      const source = from + index * ROW;
      const high = words[source]! ^ SIGN;
      const low = words[source + 1]! ^ SIGN;
      const ref = words[source + 2]!;
      let at = to + index * ROW;
      while (at > first) {
        const otherHigh = words[at - ROW]! ^ SIGN;
        if (otherHigh < high) break;
        if (otherHigh === high) {
          const otherLow = words[at - ROW + 1]! ^ SIGN;
          if (otherLow <= low) {
            if (otherLow === low) hasEqual = true;
            break;
          }
        }
        words[at] = words[at - ROW]!;
        words[at + 1] = words[at - ROW + 1]!;
        words[at + 2] = words[at - ROW + 2]!;
        at -= ROW;
      }
      words[at] = high ^ SIGN;
      words[at + 1] = low ^ SIGN;
      words[at + 2] = ref;
    }
    if (hasEqual) this.findEqual(start, end);
  }

  private findEqual(start: number, end: number): void {
    const { words } = this.memory;
    const rowsAt = this.rowsAt;
    for (let groupStart = start; groupStart < end; ) {
      const first = rowsAt + groupStart * ROW;
      let groupEnd = groupStart + 1;
      for (; groupEnd < end; groupEnd++) {
        const at = rowsAt + groupEnd * ROW;
        if (words[at] !== words[first] || words[at + 1] !== words[first + 1]) break;
      }
      if (groupEnd - groupStart > 1) this.sortEqual(groupStart, groupEnd);
      groupStart = groupEnd;
    }
  }

  private copyBack(start: number, end: number): void {
    this.memory.words.copyWithin(this.rowsAt + start * ROW, this.spareAt + start * ROW, this.spareAt + end * ROW);
  }

  /**
   * Rows of equal prefix. Keys that end within the prefix come first, shorter before longer (the zeros they were filled up with are
   * bytes of the longer ones); those that go on are sorted by what follows.
   */
  private sortEqual(start: number, end: number): void {
    const { words } = this.memory;
    const { rowsAt, depth } = this;
    if (end - start <= TIED_ROWS_INSERTED_MAX) {
      this.insertWhole(start, end);
      return;
    }
    const sizes = this.counts.fill(0, PREFIX_BYTES * DIGITS, PREFIX_BYTES * DIGITS + PREFIX_BYTES + 2);
    const base = PREFIX_BYTES * DIGITS;
    for (let index = start; index < end; index++) sizes[base + keptLength(words, words[rowsAt + index * ROW + 2]!, depth)]!++;
    const goOn = sizes[base + PREFIX_BYTES + 1]!;
    if (sizes[base + keptLength(words, words[rowsAt + start * ROW + 2]!, depth)] !== end - start) {
      let next = start;
      for (let length = base; length <= base + PREFIX_BYTES + 1; length++) {
        const rows = sizes[length]!;
        sizes[length] = next;
        next += rows;
      }
      for (let index = start; index < end; index++) {
        const ref = words[rowsAt + index * ROW + 2]!;
        words[this.spareAt + sizes[base + keptLength(words, ref, depth)]!++ * ROW + 2] = ref;
      }
      for (let index = start; index < end; index++) words[rowsAt + index * ROW + 2] = words[this.spareAt + index * ROW + 2]!;
    }
    if (goOn > 1) this.tied.push(end - goOn, end, depth + PREFIX_BYTES);
  }

  private insertWhole(start: number, end: number): void {
    const { words, bytes } = this.memory;
    const { rowsAt, depth } = this;
    for (let index = start + 1; index < end; index++) {
      const ref = words[rowsAt + index * ROW + 2]!;
      const keyEnd = entryKeyStart(ref) + (words[ref + 1]! & KEY_LENGTH_MASK);
      const keyStart = Math.min(entryKeyStart(ref) + depth, keyEnd);
      let at = index;
      for (; at > start; at--) {
        const other = words[rowsAt + (at - 1) * ROW + 2]!;
        const otherEnd = entryKeyStart(other) + (words[other + 1]! & KEY_LENGTH_MASK);
        if (compareKeys(bytes, Math.min(entryKeyStart(other) + depth, otherEnd), otherEnd, bytes, keyStart, keyEnd) <= 0) break;
        words[rowsAt + at * ROW + 2] = other;
      }
      words[rowsAt + at * ROW + 2] = ref;
    }
  }

  /** A list and not recursion: keys of a million bytes that agree in all but the last would need a deep stack. */
  private sortTied(): void {
    const { tied } = this;
    while (tied.length > 0) {
      const depth = tied.pop()!;
      const end = tied.pop()!;
      const start = tied.pop()!;
      this.depth = this.commonDepth(start, end, depth);
      this.loadPrefixes(start, end);
      this.sortRows(start, end, 0, true);
    }
  }

  /** How many bytes the keys of the rows have in common, given that they agree up to `depth`. */
  private commonDepth(start: number, end: number, depth: number): number {
    const { words, bytes } = this.memory;
    const firstRef = words[this.rowsAt + start * ROW + 2]!;
    const first = entryKeyStart(firstRef);
    let common = words[firstRef + 1]! & KEY_LENGTH_MASK;
    for (let index = start + 1; index < end && common > depth; index++) {
      const ref = words[this.rowsAt + index * ROW + 2]!;
      const keyStart = entryKeyStart(ref);
      const length = words[ref + 1]! & KEY_LENGTH_MASK;
      if (length < common) common = length;
      let at = depth;
      while (at < common && bytes[keyStart + at] === bytes[first + at]) at++;
      common = at;
    }
    return common;
  }

  private loadPrefixes(start: number, end: number): void {
    const { words, view } = this.memory;
    const { rowsAt, depth } = this;
    for (let index = start; index < end; index++) {
      const row = rowsAt + index * ROW;
      const ref = words[row + 2]!;
      const from = entryKeyStart(ref) + depth;
      const left = (words[ref + 1]! & KEY_LENGTH_MASK) - depth;
      const kept = Math.min(left, PREFIX_BYTES);
      words[row] = kept === 0 ? 0 : view.getInt32(from) & HIGH_MASKS[kept]!;
      words[row + 1] = kept <= 4 ? 0 : view.getInt32(from + 4) & LOW_MASKS[kept]!;
    }
  }
}

/** Bytes of the key that the prefix at `depth` holds; 9 for a key that goes on. */
function keptLength(words: Int32Array, ref: number, depth: number): number {
  const left = (words[ref + 1]! & KEY_LENGTH_MASK) - depth;
  return Math.min(left, PREFIX_BYTES + 1);
}

/** Turns the order of unsigned words into that of signed ones. */
const SIGN = 0x8000_0000 | 0;
/** What stays of the first and of the next four bytes when the key has that many. */
const HIGH_MASKS = Int32Array.from({ length: PREFIX_BYTES + 1 }, (_, kept) => maskOf(kept));
const LOW_MASKS = Int32Array.from({ length: PREFIX_BYTES + 1 }, (_, kept) => maskOf(kept - 4));

function maskOf(kept: number): number {
  return kept <= 0 ? 0 : kept >= 4 ? -1 : -1 << (8 * (4 - kept));
}
