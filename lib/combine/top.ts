import { InvalidOptionError } from '../errors.ts';
import type { ByteSink } from '../record/byte-sink.ts';
import { decodeKey } from '../record/key-decoder.ts';
import { appendExtension, EXT_TOP_STATE, extensionStart, stateType } from '../record/value-format.ts';
import { CellBytes } from './cell-bytes.ts';
import { columnSlots, grownIntegers } from './column.ts';
import type { BuiltinCombiner, StateColumn } from './combiner.ts';
import type { Ordered } from './min-max.ts';
import { encodeOrdered, OrderBytes } from './order-bytes.ts';

/**
 * The `n` largest values of a key in the order of keys, largest first, equal ones as often as they are there; with `by: 'smallest'` the
 * smallest, smallest first. Tuples such as `[count, word]` order by their elements. NaN is refused, and -0 is 0.
 */
export function top(n: number, options: { readonly by?: 'largest' | 'smallest' } = {}): BuiltinCombiner<Ordered> {
  if (!Number.isInteger(n) || n < 1 || n > N_MAX) {
    throw new InvalidOptionError({ option: 'top(n)', value: String(n), rule: `a whole number from 1 to ${N_MAX}` });
  }
  const by = options.by ?? 'largest';
  if (by !== 'largest' && by !== 'smallest') {
    throw new InvalidOptionError({ option: 'top(n, { by })', value: String(by), rule: "'largest' or 'smallest'" });
  }
  return { kind: 'builtin', name: 'top', createStates: () => new TopStates(n, by) };
}

const N_MAX = 1_000_000;

/**
 * A slot's best values are a heap of cells, the worst at its root: most values are compared with that one and forgotten. The cells of a
 * slot lie together, in a region that doubles up to n; regions left behind are used again.
 */
class TopStates implements StateColumn {
  private readonly n: number;
  /** 1 when larger is better. */
  private readonly sign: number;
  private readonly cells = new CellBytes();
  private readonly order = new OrderBytes();
  private regions = new Uint32Array(columnSlots(0));
  private rooms = new Uint32Array(columnSlots(0));
  private counts = new Uint32Array(columnSlots(0));
  private slots = 0;
  private cellsUsed = 0;
  /** Starts of free regions, by their room. */
  private readonly free = new Map<number, number[]>();

  constructor(n: number, by: 'largest' | 'smallest') {
    this.n = n;
    this.sign = by === 'largest' ? 1 : -1;
  }

  start(slot: number, value: unknown): void {
    this.open(slot);
    this.add(slot, value);
  }

  add(slot: number, value: unknown): void {
    this.order.setValue(value);
    this.addOrder(slot, this.order.sink.bytes, 0, this.order.sink.length);
  }

  startNumber(slot: number, value: number): void {
    this.start(slot, value);
  }

  addNumber(slot: number, value: number): void {
    this.add(slot, value);
  }

  startEncoded(slot: number, bytes: Uint8Array, start: number, end: number): void {
    this.open(slot);
    this.addEncoded(slot, bytes, start, end);
  }

  addEncoded(slot: number, bytes: Uint8Array, start: number, end: number): void {
    if (stateType(bytes, start) !== EXT_TOP_STATE) {
      this.order.setEncoded(bytes, start, end);
      this.addOrder(slot, this.order.sink.bytes, 0, this.order.sink.length);
      return;
    }
    for (let at = extensionStart(bytes, start); at < end; ) {
      const length = ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
      this.addOrder(slot, bytes, at + 4, at + 4 + length);
      at += 4 + length;
    }
  }

  encode(slot: number, sink: ByteSink): void {
    const cells = this.bestFirst(slot);
    const values = this.cells;
    if (cells.length === 1) {
      encodeOrdered(values.bytes, values.startOf(cells[0]!), values.endOf(cells[0]!), sink);
      return;
    }
    let length = 0;
    for (const cell of cells) length += 4 + values.endOf(cell) - values.startOf(cell);
    appendExtension(EXT_TOP_STATE, length, sink);
    for (const cell of cells) {
      const start = values.startOf(cell);
      const end = values.endOf(cell);
      sink.appendUint32(end - start);
      sink.append(values.bytes, start, end);
    }
  }

  result(slot: number): readonly unknown[] {
    const values = this.cells;
    return this.bestFirst(slot).map((cell) => decodeKey(values.bytes, values.startOf(cell), values.endOf(cell)));
  }

  bytesUsed(slots: number): number {
    return columnSlots(slots) * 12 + this.cells.bytesUsed();
  }

  clear(): void {
    this.cells.clear();
    this.counts.fill(0, 0, this.slots);
    this.rooms.fill(0, 0, this.slots);
    this.slots = 0;
    this.cellsUsed = 0;
    this.free.clear();
  }

  /** Empties the slot. */
  private open(slot: number): void {
    if (slot >= this.counts.length) {
      this.regions = grownIntegers(this.regions, slot);
      this.rooms = grownIntegers(this.rooms, slot);
      this.counts = grownIntegers(this.counts, slot);
    }
    if (slot >= this.slots) this.slots = slot + 1;
    for (let index = 0; index < this.counts[slot]!; index++) this.cells.drop(this.regions[slot]! + index);
    this.counts[slot] = 0;
  }

  private addOrder(slot: number, bytes: Uint8Array, start: number, end: number): void {
    const count = this.counts[slot]!;
    const root = this.regions[slot]!;
    if (count === this.n) {
      if (this.cells.compare(root, bytes, start, end) * this.sign >= 0) return;
      this.cells.set(root, bytes, start, end);
      this.settle(root, count);
      return;
    }
    if (count === this.rooms[slot]) this.widen(slot, count);
    const region = this.regions[slot]!;
    this.cells.set(region + count, bytes, start, end);
    this.counts[slot] = count + 1;
    this.rise(region, count);
  }

  /** Moves the slot's cells into a region of twice the room. */
  private widen(slot: number, count: number): void {
    const room = Math.min(this.n, Math.max(1, count * 2));
    const freed = this.free.get(room)?.pop();
    const region = freed ?? this.cellsUsed;
    if (freed === undefined) this.cellsUsed += room;
    const old = this.regions[slot]!;
    for (let index = 0; index < count; index++) this.cells.move(old + index, region + index);
    if (count > 0) {
      const list = this.free.get(count);
      if (list === undefined) this.free.set(count, [old]);
      else list.push(old);
    }
    this.regions[slot] = region;
    this.rooms[slot] = room;
  }

  /** Both cells of the heap that starts at `region`: is a worse than b? */
  private isWorse(region: number, a: number, b: number): boolean {
    return this.cells.compareCells(region + a, region + b) * this.sign < 0;
  }

  private rise(region: number, from: number): void {
    for (let child = from; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.isWorse(region, child, parent)) return;
      this.cells.swap(region + child, region + parent);
      child = parent;
    }
  }

  private settle(region: number, count: number): void {
    for (let parent = 0; ; ) {
      let worst = 2 * parent + 1;
      if (worst >= count) return;
      if (worst + 1 < count && this.isWorse(region, worst + 1, worst)) worst++;
      if (!this.isWorse(region, worst, parent)) return;
      this.cells.swap(region + worst, region + parent);
      parent = worst;
    }
  }

  private bestFirst(slot: number): readonly number[] {
    const region = this.regions[slot]!;
    const cells = Array.from({ length: this.counts[slot]! }, (_, index) => region + index);
    return cells.sort((a, b) => this.cells.compareCells(b, a) * this.sign);
  }
}
