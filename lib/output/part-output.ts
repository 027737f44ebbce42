import { crc32 } from 'node:zlib';
import { EmitGate } from '../job/emit-gate.ts';
import type { HeldPairs } from '../job/pair-sink.ts';
import type { PartWriter } from '../ports/output-store.ts';
import type { Scratch, ScratchFile } from '../ports/scratch.ts';
import { ByteSink } from '../record/byte-sink.ts';
import { createPartCompressor, type PartCompressor } from '../record/part-compressor.ts';
import type { RecordFormatter, Writer } from '../record/writer.ts';
import type { AttemptFile } from './attempt-file.ts';
import type { PairOutput } from './pair-output.ts';

/** Formatted bytes that make a write worth its call. */
const FULL_BYTES = 1024 * 1024;
/** Formatted bytes held while user code emits without a pause; more wait in scratch. */
const HELD_BYTES_MAX = 8 * 1024 * 1024;

/** First room for the rows of a record in flight. */
const HELD_RECORD_BYTES = 256;

/** Formats pairs, compresses them, and stages them as one part. */
export class PartOutput implements PairOutput {
  records = 0;
  readonly gate = new EmitGate();
  private bytes = 0;
  private crc = 0;
  private readonly name: string;
  private readonly formatter: RecordFormatter;
  private readonly compressor: PartCompressor;
  private readonly part: PartWriter;
  private readonly scratch: Scratch;
  private readonly sink = new ByteSink(2 * FULL_BYTES);
  private overflow: ScratchFile | undefined;

  constructor(options: { readonly name: string; readonly writer: Writer; readonly part: PartWriter; readonly scratch: Scratch }) {
    this.name = options.name;
    this.formatter = options.writer.open();
    this.compressor = createPartCompressor(options.writer.compress);
    this.part = options.part;
    this.scratch = options.scratch;
    this.formatter.begin(this.sink);
  }

  get isFull(): boolean {
    return this.sink.length >= FULL_BYTES || this.overflow !== undefined;
  }

  emit(key: unknown, value: unknown): void {
    const { gate } = this;
    if (!gate.isOpen) gate.refuse();
    gate.beginEncoding();
    try {
      this.formatter.format(key, value, this.sink);
    } finally {
      gate.endEncoding();
    }
    this.records += 1;
    if (this.sink.length > HELD_BYTES_MAX) this.overflowToScratch();
  }

  emitEncoded(
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    this.formatter.formatEncoded(keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, this.sink);
    this.records += 1;
    if (this.sink.length > HELD_BYTES_MAX) this.overflowToScratch();
  }

  hold(): HeldPairs {
    const held = new ByteSink(HELD_RECORD_BYTES);
    let records = 0;
    return {
      emit: (key, value) => {
        const { gate } = this;
        if (!gate.isOpen) gate.refuse();
        gate.beginEncoding();
        try {
          this.formatter.format(key, value, held);
        } finally {
          gate.endEncoding();
        }
        records += 1;
      },
      release: () => {
        this.sink.append(held.bytes, 0, held.length);
        this.records += records;
        if (this.sink.length > HELD_BYTES_MAX) this.overflowToScratch();
      },
    };
  }

  async drain(): Promise<void> {
    const wasOpen = this.gate.isOpen;
    this.gate.close();
    await this.drainOverflow();
    await this.push(this.sink.take());
    this.sink.length = 0;
    if (wasOpen) this.gate.reopen();
  }

  /** Durable and still invisible. Once. */
  async finish(): Promise<Pick<AttemptFile, 'parts' | 'pairs'>> {
    this.gate.check();
    await this.drain();
    this.gate.close();
    for (const bytes of this.compressor.end()) await this.write(bytes);
    const staged = await this.part.finish();
    this.gate.check();
    const account = { name: this.name, records: this.records, bytes: this.bytes, crc32: this.crc };
    return { parts: [{ staged, account }], pairs: [] };
  }

  async abort(): Promise<void> {
    this.overflow?.delete();
    this.overflow = undefined;
    await this.part.abort();
  }

  private overflowToScratch(): void {
    try {
      this.overflow ??= this.scratch.create();
      this.overflow.append(this.sink.take());
    } catch (error) {
      throw this.gate.keep(error);
    }
    this.sink.length = 0;
  }

  private async drainOverflow(): Promise<void> {
    const { overflow } = this;
    if (overflow === undefined) return;
    const chunk = new Uint8Array(FULL_BYTES);
    for (let at = 0; at < overflow.bytes; ) {
      const read = overflow.read(at, chunk);
      await this.push(chunk.subarray(0, read));
      at += read;
    }
    overflow.delete();
    this.overflow = undefined;
  }

  private async push(formatted: Uint8Array): Promise<void> {
    if (formatted.length === 0) return;
    for (const bytes of this.compressor.push(formatted)) await this.write(bytes);
  }

  private async write(bytes: Uint8Array): Promise<void> {
    this.crc = crc32(bytes, this.crc);
    this.bytes += bytes.length;
    await this.part.write(bytes);
  }
}

/** `part-00007.tsv`: five digits, more when there are more parts, so that names sort in part order. */
export function partName(index: number, count: number, extension: string): string {
  const digits = Math.max(5, String(Math.max(0, count - 1)).length);
  return `part-${String(index).padStart(digits, '0')}${extension}`;
}
