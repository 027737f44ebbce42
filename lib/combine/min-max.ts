import type { ByteSink } from '../record/byte-sink.ts';
import type { Key } from '../record/key.ts';
import { decodeKey } from '../record/key-decoder.ts';
import { decodeNumber, isNumber } from '../record/value-decoder.ts';
import { encodeNumber } from '../record/value-encoder.ts';
import { CellBytes } from './cell-bytes.ts';
import { columnSlots, grownBytes, grownDoubles } from './column.ts';
import type { BuiltinCombiner, StateColumn } from './combiner.ts';
import { encodeOrdered, OrderBytes } from './order-bytes.ts';

/** What has a place in the order of keys, and dates, which come after all others. */
export type Ordered = Key | Date | readonly Ordered[];

/**
 * The smallest value of a key, in the order of keys. Of numbers as Math.min: NaN when one is NaN, and -0 before 0; inside a tuple NaN is
 * refused and -0 is 0.
 */
export function min(): BuiltinCombiner<Ordered> {
  return {
    kind: 'builtin',
    name: 'min',
    createStates: () => new ExtremeStates('min'),
    numbers: { fold: 'min', countsEach: false, encode: encodeNumber },
  };
}

/** The largest value of a key: see min. */
export function max(): BuiltinCombiner<Ordered> {
  return {
    kind: 'builtin',
    name: 'max',
    createStates: () => new ExtremeStates('max'),
    numbers: { fold: 'max', countsEach: false, encode: encodeNumber },
  };
}

/** Numbers lie in a column; a slot that ever met another value holds order bytes, and says so in `isOther`. */
class ExtremeStates implements StateColumn {
  private readonly isMax: boolean;
  private numbers = new Float64Array(columnSlots(0));
  private isOther = new Uint8Array(0);
  private hasOthers = false;
  private readonly others = new CellBytes();
  private readonly order = new OrderBytes();

  constructor(which: 'min' | 'max') {
    this.isMax = which === 'max';
  }

  start(slot: number, value: unknown): void {
    this.startNumber(slot, 0);
    if (typeof value === 'number') {
      this.numbers[slot] = value;
      return;
    }
    this.order.setValue(value);
    this.putOther(slot);
  }

  add(slot: number, value: unknown): void {
    if (typeof value === 'number') {
      this.addNumber(slot, value);
      return;
    }
    this.makeOther(slot);
    this.order.setValue(value);
    this.mergeOther(slot);
  }

  startNumber(slot: number, value: number): void {
    if (slot >= this.numbers.length) this.grow(slot);
    this.numbers[slot] = value;
    if (!this.hasOthers) return;
    this.isOther[slot] = 0;
    this.others.drop(slot);
  }

  addNumber(slot: number, value: number): void {
    if (this.hasOthers && this.isOther[slot] === 1) {
      this.order.setValue(value);
      this.mergeOther(slot);
      return;
    }
    const held = this.numbers[slot]!;
    if (this.isMax ? value > held : value < held) this.numbers[slot] = value;
    else if (value === held) this.addZero(slot, value);
    else if (Number.isNaN(value)) this.numbers[slot] = value;
  }

  startEncoded(slot: number, bytes: Uint8Array, start: number, end: number): void {
    if (isNumber(bytes, start)) {
      this.startNumber(slot, decodeNumber(bytes, start));
      return;
    }
    this.startNumber(slot, 0);
    this.order.setEncoded(bytes, start, end);
    this.putOther(slot);
  }

  addEncoded(slot: number, bytes: Uint8Array, start: number, end: number): void {
    if (isNumber(bytes, start)) {
      this.addNumber(slot, decodeNumber(bytes, start));
      return;
    }
    this.makeOther(slot);
    this.order.setEncoded(bytes, start, end);
    this.mergeOther(slot);
  }

  encode(slot: number, sink: ByteSink): void {
    if (!this.holdsOther(slot)) encodeNumber(this.numbers[slot]!, sink);
    else encodeOrdered(this.others.bytes, this.others.startOf(slot), this.others.endOf(slot), sink);
  }

  result(slot: number): readonly unknown[] {
    if (!this.holdsOther(slot)) return [this.numbers[slot]];
    return [decodeKey(this.others.bytes, this.others.startOf(slot), this.others.endOf(slot))];
  }

  bytesUsed(slots: number): number {
    return columnSlots(slots) * (this.hasOthers ? 9 : 8) + (this.hasOthers ? this.others.bytesUsed() : 0);
  }

  clear(): void {
    this.hasOthers = false;
    this.others.clear();
  }

  private holdsOther(slot: number): boolean {
    return this.hasOthers && this.isOther[slot] === 1;
  }

  /** Of equal numbers only -0 and 0 differ. */
  private addZero(slot: number, value: number): void {
    if (value === 0 && Object.is(value, -0) !== this.isMax) this.numbers[slot] = value;
  }

  /** A slot with a number goes over to order bytes. */
  private makeOther(slot: number): void {
    if (this.holdsOther(slot)) return;
    this.order.setValue(this.numbers[slot]);
    this.putOther(slot);
  }

  /** Takes what lies in `order` as the slot's value. */
  private putOther(slot: number): void {
    if (!this.hasOthers) {
      this.hasOthers = true;
      if (this.isOther.length === this.numbers.length) this.isOther.fill(0);
      else this.isOther = new Uint8Array(this.numbers.length);
    }
    this.isOther[slot] = 1;
    this.others.set(slot, this.order.sink.bytes, 0, this.order.sink.length);
  }

  private mergeOther(slot: number): void {
    const sink = this.order.sink;
    const held = this.others.compare(slot, sink.bytes, 0, sink.length);
    if (this.isMax ? held < 0 : held > 0) this.others.set(slot, sink.bytes, 0, sink.length);
  }

  private grow(slot: number): void {
    this.numbers = grownDoubles(this.numbers, slot);
    if (this.hasOthers) this.isOther = grownBytes(this.isOther, slot);
  }
}
