import { InvariantError } from '../errors.ts';
import { compareKeys } from '../record/compare-keys.ts';
import { keyPrefixEnd } from '../record/key-prefix.ts';
import type { RunCursor } from './run-cursor.ts';

const NO_BYTES = new Uint8Array(0);

/**
 * Walks over a merged run group by group. `nextGroup` drains what is left of the group before, and counts it as skipped:
 *
 *     while (groups.nextGroup()) while (groups.nextValue()) …
 *
 * Costs one comparison with the group's key a record; allocates nothing a record or group. The records are the cursor's own: value
 * and record key are valid until the next `nextValue` or `nextGroup`.
 */
export class GroupCursor {
  partition = -1;
  /** The group's key: a copy, stable until `nextGroup`. With `prefixElements` the encoded tuple of the first elements. */
  keyBytes: Uint8Array = new Uint8Array(256);
  keyStart = 0;
  keyEnd = 0;
  valueBytes: Uint8Array = NO_BYTES;
  valueStart = 0;
  valueEnd = 0;
  /** The whole key of the record in hand: longer than the group's with `prefixElements`. */
  recordBytes: Uint8Array = NO_BYTES;
  recordStart = 0;
  recordEnd = 0;

  /** Over all groups so far. Every record is delivered or skipped once its group is over. */
  groups = 0;
  delivered = 0;
  skipped = 0;

  private readonly cursor: RunCursor;
  private readonly prefixElements: number;
  /** The cursor stands on a record that was not handed out. */
  private isPending = false;
  private isInGroup = false;

  /** @param prefixElements how many elements of a tuple key make a group; 0, the default, means whole keys of any kind */
  constructor(cursor: RunCursor, prefixElements = 0) {
    this.cursor = cursor;
    this.prefixElements = prefixElements;
  }

  /** False when there are no more groups. @throws ShortKeyError */
  nextGroup(): boolean {
    while (this.isInGroup && this.step()) this.skipped++;
    const cursor = this.cursor;
    if (!this.isPending) {
      // Between groups nothing is pending only before the first record and after the last one.
      if (this.groups > 0 || !cursor.next()) return false;
    } else if (cursor.partition < this.partition || (cursor.partition === this.partition && this.compareWithGroup() <= 0)) {
      throw new InvariantError(`records of partition ${cursor.partition} reach the reducer out of key order`);
    }
    const start = cursor.keyStart;
    const end =
      this.prefixElements === 0 ? cursor.keyEnd : keyPrefixEnd(cursor.keyBytes, start, cursor.keyEnd, this.prefixElements);
    if (end - start > this.keyBytes.length) this.keyBytes = new Uint8Array((end - start) * 2);
    const target = this.keyBytes;
    const source = cursor.keyBytes;
    if (end - start > 32) target.set(source.subarray(start, end));
    else for (let from = start, to = 0; from < end; from++, to++) target[to] = source[from]!;
    this.keyEnd = end - start;
    this.partition = cursor.partition;
    this.groups++;
    this.isPending = true;
    this.isInGroup = true;
    return true;
  }

  /** Moves to the next value of the group; false behind the last. */
  nextValue(): boolean {
    if (!this.isInGroup || !this.step()) return false;
    const cursor = this.cursor;
    this.valueBytes = cursor.valueBytes;
    this.valueStart = cursor.valueStart;
    this.valueEnd = cursor.valueEnd;
    this.recordBytes = cursor.keyBytes;
    this.recordStart = cursor.keyStart;
    this.recordEnd = cursor.keyEnd;
    this.delivered++;
    return true;
  }

  /** Moves the cursor to the next record of the group, if there is one. */
  private step(): boolean {
    if (this.isPending) {
      this.isPending = false;
      return true;
    }
    const cursor = this.cursor;
    if (!cursor.next()) {
      this.isInGroup = false;
      return false;
    }
    if (cursor.repeats) return true;
    const bytes = cursor.keyBytes;
    const start = cursor.keyStart;
    const length = this.keyEnd;
    const recordLength = cursor.keyEnd - start;
    let isSame =
      cursor.partition === this.partition && (recordLength === length || (recordLength > length && this.prefixElements > 0));
    if (isSame) {
      const group = this.keyBytes;
      // Backwards, because neighbours in key order differ at the end.
      let at = length - 1;
      while (at >= 0 && group[at] === bytes[start + at]) at--;
      // A string in a tuple ends in 00 and goes on after 00 FF (key-format.ts): FF behind the prefix means another, longer string.
      isSame = at < 0 && (recordLength === length || bytes[start + length] !== 0xff);
    }
    this.isInGroup = isSame;
    this.isPending = !isSame;
    return isSame;
  }

  private compareWithGroup(): number {
    const cursor = this.cursor;
    return compareKeys(cursor.keyBytes, cursor.keyStart, cursor.keyEnd, this.keyBytes, 0, this.keyEnd);
  }
}
