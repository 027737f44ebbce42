import { EmitGate } from '../job/emit-gate.ts';
import { EncodedPairs } from '../job/encoded-pairs.ts';
import type { HeldPairs } from '../job/pair-sink.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { ByteSink } from '../record/byte-sink.ts';
import { encodeKey } from '../record/key-encoder.ts';
import { encodeValue } from '../record/value-encoder.ts';
import { SegmentUpload } from '../shuffle/segment-upload.ts';
import { SegmentWriter } from '../shuffle/segment-writer.ts';
import { appendVarint } from '../shuffle/varint.ts';
import type { AttemptFile } from './attempt-file.ts';
import type { PairOutput } from './pair-output.ts';

const NO_KEY = new Uint8Array(0);

/**
 * The pairs one task of an earlier step leaves for the next: a segment of one partition, whose records have no key and as value
 * the key's length, the key and the value. So the order of emission stays.
 */
export class PairsOutput implements PairOutput {
  records = 0;
  readonly gate = new EmitGate();
  private readonly key: string;
  private readonly upload: SegmentUpload;
  private readonly writer: SegmentWriter;
  private readonly sink = new ByteSink();
  private readonly keySink = new ByteSink();

  constructor(store: ObjectStore, key: string) {
    this.key = key;
    this.upload = new SegmentUpload(store, key);
    this.writer = new SegmentWriter({ sink: this.upload, partitions: 1, compress: 'zstd' });
  }

  get isFull(): boolean {
    return this.upload.isFull;
  }

  emit(key: unknown, value: unknown): void {
    const { gate, keySink, sink } = this;
    if (!gate.isOpen) gate.refuse();
    gate.beginEncoding();
    try {
      keySink.length = 0;
      encodeKey(key, keySink);
      sink.length = 0;
      appendVarint(sink, keySink.length);
      sink.append(keySink.bytes, 0, keySink.length);
      encodeValue(value, sink);
    } finally {
      gate.endEncoding();
    }
    this.add();
  }

  hold(): HeldPairs {
    return new EncodedPairs(0, this.gate, (key, value) => this.emit(key, value));
  }

  emitEncoded(
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    const { sink } = this;
    sink.length = 0;
    appendVarint(sink, keyEnd - keyStart);
    sink.append(keyBytes, keyStart, keyEnd);
    sink.append(valueBytes, valueStart, valueEnd);
    this.add();
  }

  async drain(): Promise<void> {
    const wasOpen = this.gate.isOpen;
    this.gate.close();
    await this.upload.drain();
    if (wasOpen) this.gate.reopen();
  }

  async finish(): Promise<Pick<AttemptFile, 'parts' | 'pairs'>> {
    this.gate.check();
    this.gate.close();
    const { footerStart, bytes, index } = this.writer.finish({ counters: new Map(), counts: { records: this.records } });
    await this.upload.complete();
    this.gate.check();
    return { parts: [], pairs: [{ key: this.key, bytes, rawBytes: index.rawBytes[0]!, footerStart }] };
  }

  async abort(): Promise<void> {
    await this.upload.abort();
  }

  private add(): void {
    this.writer.add(0, NO_KEY, 0, 0, this.sink.bytes, 0, this.sink.length);
    this.records += 1;
  }
}
