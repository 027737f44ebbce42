import fc from 'fast-check';
import { assert } from '../../lib/errors.ts';
import type { Scratch, ScratchFile } from '../../lib/ports/scratch.ts';
import type { RunCursor } from '../../lib/shuffle/run-cursor.ts';
import type { SegmentAccount } from '../../lib/shuffle/segment.ts';
import { type FinishedSegment, SegmentWriter } from '../../lib/shuffle/segment-writer.ts';

/** A record as tests write it down: bytes as latin1 text. */
export type PlainRecord = { readonly partition: number; readonly key: string; readonly value: string };

export const NO_ACCOUNT: SegmentAccount = { counters: new Map(), counts: null };

export const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
export const textOf = (bytes: Uint8Array, start = 0, end = bytes.length): string =>
  Buffer.from(bytes.subarray(start, end)).toString('latin1');

/** The oracle of every order in the shuffle: partition, key bytes, and else the order given. */
export function sortStably(records: readonly PlainRecord[]): PlainRecord[] {
  return [...records].sort((a, b) => a.partition - b.partition || Buffer.compare(bytesOf(a.key), bytesOf(b.key)));
}

/** Keys that share prefixes, repeat, hold zeros and cross every cached length. */
export function shortKey(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ unit: fc.constantFrom('\0', 'a', '\xff'), maxLength: 3 }),
    fc.string({ unit: fc.constantFrom('\0', 'a'), minLength: 5, maxLength: 7 }),
    fc.string({ unit: fc.constantFrom('\0', 'b'), maxLength: 3 }).map((tail) => `aaaaaaaaaaa${tail}`),
  );
}

export function plainRecords(partitions: number, options: { maxLength?: number } = {}): fc.Arbitrary<PlainRecord[]> {
  return fc.array(
    fc.record({
      partition: fc.nat({ max: partitions - 1 }),
      key: shortKey(),
      value: fc.string({ unit: 'binary-ascii', maxLength: 6 }),
    }),
    {
      maxLength: options.maxLength ?? 60,
    },
  );
}

export function writeSegment(
  records: readonly PlainRecord[],
  options: { partitions: number; compress?: 'zstd' | 'none'; account?: SegmentAccount },
): FinishedSegment & { readonly file: Uint8Array } {
  const chunks: Uint8Array[] = [];
  const sink = { append: (bytes: Uint8Array) => void chunks.push(Uint8Array.from(bytes)) };
  const writer = new SegmentWriter({ sink, partitions: options.partitions, compress: options.compress ?? 'none' });
  for (const record of records) addPlain(writer, record);
  const finished = writer.finish(options.account ?? NO_ACCOUNT);
  return { ...finished, file: Uint8Array.from(Buffer.concat(chunks)) };
}

export function addPlain(writer: SegmentWriter, record: PlainRecord): void {
  const key = bytesOf(record.key);
  const value = bytesOf(record.value);
  writer.add(record.partition, key, 0, key.length, value, 0, value.length);
}

/** What a cursor gives; a record that says that it repeats the key before it is held to that. */
export function readAll(cursor: RunCursor): PlainRecord[] {
  const records: PlainRecord[] = [];
  while (cursor.next()) {
    const record = {
      partition: cursor.partition,
      key: textOf(cursor.keyBytes, cursor.keyStart, cursor.keyEnd),
      value: textOf(cursor.valueBytes, cursor.valueStart, cursor.valueEnd),
    };
    const before = records.at(-1);
    const isSame = before?.partition === record.partition && before.key === record.key;
    assert(isSame || !cursor.repeats, 'a record repeats the key before it');
    records.push(record);
  }
  return records;
}

/** A run in memory whose buffer is overwritten by every `next`, as the contract of RunCursor allows. Of two repetitions it says one. */
export class PlainCursor implements RunCursor {
  partition = 0;
  keyBytes: Uint8Array = new Uint8Array(64);
  keyStart = 0;
  keyEnd = 0;
  valueBytes: Uint8Array = this.keyBytes;
  valueStart = 0;
  valueEnd = 0;
  repeats = false;
  private readonly records: readonly PlainRecord[];
  private index = 0;

  constructor(records: readonly PlainRecord[]) {
    this.records = records;
  }

  next(): boolean {
    this.keyBytes.fill(0xee);
    const before = this.records[this.index - 1];
    const record = this.records[this.index++];
    if (record === undefined) return false;
    this.repeats = this.index % 2 === 0 && before?.partition === record.partition && before.key === record.key;
    const key = bytesOf(record.key);
    const value = bytesOf(record.value);
    this.keyBytes.set(key, this.index % 3);
    this.keyBytes.set(value, (this.index % 3) + key.length);
    this.partition = record.partition;
    this.keyStart = this.index % 3;
    this.keyEnd = this.keyStart + key.length;
    this.valueStart = this.keyEnd;
    this.valueEnd = this.valueStart + value.length;
    return true;
  }
}

/** A scratch file in memory that counts its reads. */
export class PlainScratchFile implements ScratchFile {
  reads = 0;
  isDeleted = false;
  private readonly chunks: Uint8Array[] = [];

  get bytes(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  append(bytes: Uint8Array): void {
    this.chunks.push(Uint8Array.from(bytes));
  }

  read(byteStart: number, target: Uint8Array): number {
    this.reads++;
    const all = Buffer.concat(this.chunks);
    return all.copy(target, 0, byteStart, Math.min(all.length, byteStart + target.length));
  }

  delete(): void {
    this.isDeleted = true;
  }
}

export class PlainScratch implements Scratch {
  readonly files: PlainScratchFile[] = [];

  get openFiles(): number {
    return this.files.filter((file) => !file.isDeleted).length;
  }

  create(): PlainScratchFile {
    const file = new PlainScratchFile();
    this.files.push(file);
    return file;
  }

  clear(): void {
    for (const file of this.files) file.delete();
  }
}
