import { ByteSink } from '../record/byte-sink.ts';
import { decodeValue } from '../record/value-decoder.ts';
import { encodeNumber, encodeValue } from '../record/value-encoder.ts';
import { CellBytes } from './cell-bytes.ts';
import type { BuiltinCombiner, StateColumn } from './combiner.ts';

/** The first value of a key: by map task, then in the order in which the task emitted them. */
export function first(): BuiltinCombiner<unknown> {
  return { kind: 'builtin', name: 'first', createStates: () => new FirstStates() };
}

/** Encoded values; the first of a part is a plain value again. */
class FirstStates implements StateColumn {
  private readonly values = new CellBytes();
  private readonly sink = new ByteSink();

  start(slot: number, value: unknown): void {
    this.sink.length = 0;
    encodeValue(value, this.sink);
    this.startEncoded(slot, this.sink.bytes, 0, this.sink.length);
  }

  add(_slot: number, _value: unknown): void {}

  startNumber(slot: number, value: number): void {
    this.sink.length = 0;
    encodeNumber(value, this.sink);
    this.startEncoded(slot, this.sink.bytes, 0, this.sink.length);
  }

  addNumber(_slot: number, _value: number): void {}

  startEncoded(slot: number, bytes: Uint8Array, start: number, end: number): void {
    this.values.set(slot, bytes, start, end);
  }

  addEncoded(_slot: number, _bytes: Uint8Array, _start: number, _end: number): void {}

  encode(slot: number, sink: ByteSink): void {
    sink.append(this.values.bytes, this.values.startOf(slot), this.values.endOf(slot));
  }

  result(slot: number): readonly unknown[] {
    return [decodeValue(this.values.bytes, this.values.startOf(slot), this.values.endOf(slot))];
  }

  bytesUsed(_slots: number): number {
    return this.values.bytesUsed();
  }

  clear(): void {
    this.values.clear();
  }
}
