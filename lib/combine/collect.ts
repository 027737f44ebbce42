import { ByteSink } from '../record/byte-sink.ts';
import { decodeValue, decodeValues } from '../record/value-decoder.ts';
import { encodeNumber, encodeValue } from '../record/value-encoder.ts';
import { appendExtension, EXT_COLLECT_STATE, extensionStart, stateType } from '../record/value-format.ts';
import { columnSlots, grownBytes, grownDoubles, grownIntegers } from './column.ts';
import type { BuiltinCombiner, ListOfValues, StateColumn } from './combiner.ts';

/** All values of a key as one array: by map task, then in the order in which the task emitted them. The array is held in memory. */
export function collect(): BuiltinCombiner<unknown, ListOfValues> {
  return { kind: 'builtin', name: 'collect', createStates: () => new CollectStates() };
}

/** A node is: where the next node lies, how long this one is, and encoded values. 0 is no node. */
const NODE_HEAD_BYTES = 8;
const ARENA_START = 8;

/** Each slot has a chain of nodes in one buffer; adding a value adds a node. */
class CollectStates implements StateColumn {
  private readonly arena = new ByteSink();
  private readonly value = new ByteSink();
  private heads = new Uint32Array(columnSlots(0));
  private tails = new Uint32Array(columnSlots(0));
  private lengths = new Float64Array(columnSlots(0));
  /** 1 while all that the slot holds is one plain value: that is its state as well. */
  private isPlain = new Uint8Array(columnSlots(0));

  constructor() {
    this.clear();
  }

  start(slot: number, value: unknown): void {
    this.setValue(value);
    this.startEncoded(slot, this.value.bytes, 0, this.value.length);
  }

  add(slot: number, value: unknown): void {
    this.setValue(value);
    this.append(slot, this.value.bytes, 0, this.value.length);
  }

  startNumber(slot: number, value: number): void {
    this.setNumber(value);
    this.startEncoded(slot, this.value.bytes, 0, this.value.length);
  }

  addNumber(slot: number, value: number): void {
    this.setNumber(value);
    this.append(slot, this.value.bytes, 0, this.value.length);
  }

  startEncoded(slot: number, bytes: Uint8Array, start: number, end: number): void {
    if (slot >= this.heads.length) this.grow(slot);
    this.heads[slot] = 0;
    this.lengths[slot] = 0;
    this.addEncoded(slot, bytes, start, end);
    this.isPlain[slot] = stateType(bytes, start) === EXT_COLLECT_STATE ? 0 : 1;
  }

  addEncoded(slot: number, bytes: Uint8Array, start: number, end: number): void {
    const isState = stateType(bytes, start) === EXT_COLLECT_STATE;
    this.append(slot, bytes, isState ? extensionStart(bytes, start) : start, end);
  }

  encode(slot: number, sink: ByteSink): void {
    if (this.isPlain[slot] === 0) appendExtension(EXT_COLLECT_STATE, this.lengths[slot]!, sink);
    const { bytes, view } = this.arena;
    for (let node = this.heads[slot]!; node !== 0; node = view.getUint32(node)) {
      const start = node + NODE_HEAD_BYTES;
      sink.append(bytes, start, start + view.getUint32(node + 4));
    }
  }

  result(slot: number): readonly unknown[] {
    const state = new ByteSink(this.lengths[slot]! + NODE_HEAD_BYTES);
    this.encode(slot, state);
    if (this.isPlain[slot] === 1) return [[decodeValue(state.bytes, 0, state.length)]];
    return [decodeValues(state.bytes, 0, state.length)];
  }

  bytesUsed(slots: number): number {
    return columnSlots(slots) * 17 + columnSlots(this.arena.length);
  }

  clear(): void {
    this.arena.length = 0;
    this.arena.reserve(ARENA_START);
    this.arena.length = ARENA_START;
  }

  private setValue(value: unknown): void {
    this.value.length = 0;
    encodeValue(value, this.value);
  }

  private setNumber(value: number): void {
    this.value.length = 0;
    encodeNumber(value, this.value);
  }

  private append(slot: number, bytes: Uint8Array, start: number, end: number): void {
    const arena = this.arena;
    const node = arena.reserve(NODE_HEAD_BYTES);
    arena.view.setUint32(node, 0);
    arena.view.setUint32(node + 4, end - start);
    arena.length = node + NODE_HEAD_BYTES;
    arena.append(bytes, start, end);
    if (this.heads[slot] === 0) this.heads[slot] = node;
    else arena.view.setUint32(this.tails[slot]!, node);
    this.tails[slot] = node;
    this.lengths[slot]! += end - start;
    this.isPlain[slot] = 0;
  }

  private grow(slot: number): void {
    this.heads = grownIntegers(this.heads, slot);
    this.tails = grownIntegers(this.tails, slot);
    this.lengths = grownDoubles(this.lengths, slot);
    this.isPlain = grownBytes(this.isPlain, slot);
  }
}
