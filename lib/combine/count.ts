import { assert } from '../errors.ts';
import type { ByteSink } from '../record/byte-sink.ts';
import { decodeCount } from '../record/value-decoder.ts';
import { appendExtension, EXT_COUNT_STATE, extensionStart, stateType } from '../record/value-format.ts';
import { columnSlots, grownDoubles } from './column.ts';
import type { BuiltinCombiner, StateColumn } from './combiner.ts';

/** How many values a key has, whatever they are. */
export function count(): BuiltinCombiner<unknown, number> {
  return {
    kind: 'builtin',
    name: 'count',
    createStates: () => new CountStates(),
    numbers: { fold: 'sum', countsEach: true, encode: encodeCount },
  };
}

/** A count is always a state when encoded: a plain 7 is one value, not seven. */
class CountStates implements StateColumn {
  private counts = new Float64Array(columnSlots(0));

  start(slot: number, _value: unknown): void {
    this.startNumber(slot, 0);
  }

  add(slot: number, _value: unknown): void {
    this.counts[slot]! += 1;
  }

  startNumber(slot: number, _value: number): void {
    if (slot >= this.counts.length) this.counts = grownDoubles(this.counts, slot);
    this.counts[slot] = 1;
  }

  addNumber(slot: number, _value: number): void {
    this.counts[slot]! += 1;
  }

  startEncoded(slot: number, bytes: Uint8Array, start: number, end: number): void {
    this.startNumber(slot, 0);
    this.counts[slot] = countOf(bytes, start, end);
  }

  addEncoded(slot: number, bytes: Uint8Array, start: number, end: number): void {
    this.counts[slot]! += countOf(bytes, start, end);
  }

  encode(slot: number, sink: ByteSink): void {
    encodeCount(this.counts[slot]!, sink);
  }

  result(slot: number): readonly unknown[] {
    return [this.counts[slot]];
  }

  bytesUsed(slots: number): number {
    return columnSlots(slots) * 8;
  }

  clear(): void {}
}

function encodeCount(count: number, sink: ByteSink): void {
  assert(count <= Number.MAX_SAFE_INTEGER, 'a count is exact');
  const length = count < 0x100 ? 1 : count < 0x10000 ? 2 : count < 0x100000000 ? 4 : 8;
  appendExtension(EXT_COUNT_STATE, length, sink);
  const at = sink.reserve(length);
  if (length === 1) sink.view.setUint8(at, count);
  else if (length === 2) sink.view.setUint16(at, count);
  else if (length === 4) sink.view.setUint32(at, count);
  else sink.view.setFloat64(at, count);
  sink.length = at + length;
}

function countOf(bytes: Uint8Array, start: number, end: number): number {
  return stateType(bytes, start) === EXT_COUNT_STATE ? decodeCount(bytes, extensionStart(bytes, start), end) : 1;
}
