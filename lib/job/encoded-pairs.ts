import { ByteSink } from '../record/byte-sink.ts';
import { decodeKey } from '../record/key-decoder.ts';
import { encodeKey } from '../record/key-encoder.ts';
import { keyPrefixEnd } from '../record/key-prefix.ts';
import { decodeValue } from '../record/value-decoder.ts';
import { encodeValue } from '../record/value-encoder.ts';
import type { EmitGate } from './emit-gate.ts';
import type { HeldPairs } from './pair-sink.ts';

const SINK_BYTES = 256;

/** Pairs of one record in flight, encoded while they are emitted, for a sink that takes pairs. */
export class EncodedPairs implements HeldPairs {
  private readonly groupBy: number;
  private readonly gate: EmitGate;
  private readonly to: (key: unknown, value: unknown) => void;
  private readonly sink = new ByteSink(SINK_BYTES);
  /** Of each pair: where the key ends, where the value ends. */
  private readonly ends: number[] = [];

  /** @param groupBy elements that a key has at least; 0 = it need be no tuple */
  constructor(groupBy: number, gate: EmitGate, to: (key: unknown, value: unknown) => void) {
    this.groupBy = groupBy;
    this.gate = gate;
    this.to = to;
  }

  emit(key: unknown, value: unknown): void {
    const { sink, gate, groupBy } = this;
    const start = sink.length;
    if (!gate.isOpen) gate.refuse();
    gate.beginEncoding();
    try {
      encodeKey(key, sink);
      const keyEnd = sink.length;
      if (groupBy !== 0) keyPrefixEnd(sink.bytes, start, keyEnd, groupBy);
      encodeValue(value, sink);
      this.ends.push(keyEnd, sink.length);
    } catch (error) {
      sink.length = start;
      throw error;
    } finally {
      gate.endEncoding();
    }
  }

  release(): void {
    const { bytes } = this.sink;
    const { ends, to } = this;
    for (let index = 0, start = 0; index < ends.length; index += 2) {
      const keyEnd = ends[index]!;
      const end = ends[index + 1]!;
      to(decodeKey(bytes, start, keyEnd), decodeValue(bytes, keyEnd, end));
      start = end;
    }
  }
}
