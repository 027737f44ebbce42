import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../bench/generators/random.ts';
import { CorruptSegmentError, InvariantError } from '../../lib/errors.ts';
import { MemoryObjectStore } from '../../lib/memory/memory-object-store.ts';
import {
  BLOCK_BYTES_MAX,
  BLOCK_HEADER_BYTES,
  BlockCompressor,
  type BlockHeader,
  CODEC_STORED,
  CODEC_ZSTD,
  readBlockHeader,
} from '../../lib/shuffle/block.ts';
import { MemorySource, SCRATCH_WINDOW_BYTES, ScratchSource } from '../../lib/shuffle/byte-source.ts';
import { decodeSegmentFooter, indexRow, type SegmentIndex } from '../../lib/shuffle/segment.ts';
import { openRun, openSegment, readSegmentFooter } from '../../lib/shuffle/segment-reader.ts';
import { SegmentWriter } from '../../lib/shuffle/segment-writer.ts';
import {
  addPlain,
  bytesOf,
  type PlainRecord,
  PlainScratchFile,
  plainRecords,
  readAll,
  sortStably,
  writeSegment,
} from './segments.ts';

const ORIGIN = { segmentKey: 'map/7/a.seg' };
const compressions = ['zstd', 'none'] as const;
const record = (partition: number, key: string, value: string): PlainRecord => ({ partition, key, value });

/** Everything a segment holds, the way a reduce task and a spill merge read it. */
function readWhole(file: Uint8Array, footerStart: number): { runs: PlainRecord[]; account: unknown } {
  const { index, account } = decodeSegmentFooter(file.subarray(footerStart), ORIGIN.segmentKey, footerStart);
  return { runs: readAll(openSegment(new MemorySource(file), index, ORIGIN)), account };
}

function blockHeaders(file: Uint8Array, index: SegmentIndex, partition: number): BlockHeader[] {
  const { byteStart, byteEnd } = indexRow(index, partition);
  const headers: BlockHeader[] = [];
  for (let at = byteStart; at < byteEnd; ) {
    const header = { codec: 0, rawBytes: 0, storedBytes: 0, records: 0, crc: 0 };
    readBlockHeader(file.subarray(at), header);
    headers.push(header);
    at += BLOCK_HEADER_BYTES + header.storedBytes;
  }
  return headers;
}

/** Bytes that zstd cannot shrink, the same every time. */
function noise(length: number): string {
  const random = new Random(3);
  return Buffer.from(Uint8Array.from({ length }, () => random.next())).toString('latin1');
}

describe('a segment', () => {
  it('says of every record whether it repeats the key before it, but for the first of a block', () => {
    const long = 'k'.repeat(BLOCK_BYTES_MAX / 4);
    const keys = ['', '', 'a', 'a', 'b', 'ba', 'bb', 'bb', 'bb', 'c', ...Array<string>(6).fill(long)];
    const records = [0, 1].flatMap((partition) => keys.map((key, at) => record(partition, key, `${at}`)));
    const { file, footerStart } = writeSegment(records, { partitions: 2 });
    const { index } = decodeSegmentFooter(file.subarray(footerStart), ORIGIN.segmentKey, footerStart);
    const blocks = [0, 1].flatMap((partition) => blockHeaders(file, index, partition).map((header) => header.records));
    expect(blocks).toHaveLength(4);
    const cursor = openSegment(new MemorySource(file), index, ORIGIN);
    let [at, left] = [0, 0];
    for (; cursor.next(); at++, left--) {
      const isFirst = left === 0;
      if (isFirst) left = blocks.shift()!;
      expect(cursor.repeats, `record ${at}`).toBe(!isFirst && records[at]!.key === records[at - 1]!.key);
    }
    expect(at).toBe(records.length);
  });

  it('gives back every record of every partition, in order', () => {
    fc.assert(
      fc.property(plainRecords(4), fc.constantFrom(...compressions), (records, compress) => {
        const sorted = sortStably(records);
        const { file, index, footerStart, bytes } = writeSegment(sorted, { partitions: 4, compress });
        expect(bytes).toBe(file.length);
        expect(readAll(openSegment(new MemorySource(file), index, ORIGIN))).toEqual(sorted);
        const footer = decodeSegmentFooter(file.subarray(footerStart), 'k', footerStart);
        expect(footer.index).toEqual(index);
        for (let partition = 0; partition < 4; partition++) {
          const run = readAll(openRun(new MemorySource(file), indexRow(footer.index, partition), ORIGIN));
          expect(run).toEqual(sorted.filter((plain) => plain.partition === partition));
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([127, 128, 16_383, 16_384, 2_097_151, 2_097_152])('holds keys and values of %i bytes', (length) => {
    const sorted = [record(0, 'a'.repeat(length), ''), record(0, 'b', 'v'.repeat(length)), record(0, 'c', '')];
    const { file, footerStart } = writeSegment(sorted, { partitions: 1 });
    expect(readWhole(file, footerStart).runs).toEqual(sorted);
  });

  it('holds a value of 200 MB in a block of its own', () => {
    const value = new Uint8Array(200_000_000).fill(97);
    const chunks: Uint8Array[] = [];
    const writer = new SegmentWriter({
      sink: { append: (bytes) => void chunks.push(bytes.slice()) },
      partitions: 1,
      compress: 'zstd',
    });
    addPlain(writer, record(0, 'a', ''));
    writer.add(0, value, 0, 1, value, 0, value.length);
    addPlain(writer, record(0, 'b', ''));
    expect(() => addPlain(writer, record(0, 'a', ''))).toThrow(InvariantError);
    const index = writer.seal();
    const file = Buffer.concat(chunks);
    expect(file.length).toBeLessThan(1_000_000);
    const cursor = openRun(new MemorySource(file), indexRow(index, 0), ORIGIN);
    cursor.next();
    const lengths = [cursor.valueEnd - cursor.valueStart];
    cursor.next();
    lengths.push(cursor.valueEnd - cursor.valueStart);
    expect(Buffer.compare(cursor.valueBytes.subarray(cursor.valueStart, cursor.valueEnd), value)).toBe(0);
    cursor.next();
    expect([...lengths, cursor.valueEnd - cursor.valueStart, cursor.next()]).toEqual([0, 200_000_000, 0, false]);
  });

  it('cuts blocks at 256 KiB, but never a record', () => {
    const sorted = ['a', 'b', 'c'].map((key) => record(0, key, key.repeat(BLOCK_BYTES_MAX / 2 - 100)));
    sorted.push(record(0, 'd', 'd'.repeat(BLOCK_BYTES_MAX * 2)), record(0, 'e', ''));
    const { file, index, footerStart } = writeSegment(sorted, { partitions: 1 });
    expect(blockHeaders(file, index, 0).map((header) => header.records)).toEqual([2, 1, 1, 1]);
    expect(readWhole(file, footerStart).runs).toEqual(sorted);
  });

  it('costs a byte for an empty partition', () => {
    const few = writeSegment([record(3, 'k', 'v')], { partitions: 10 });
    const many = writeSegment([record(3, 'k', 'v')], { partitions: 1_010 });
    expect(many.bytes - few.bytes).toBeLessThanOrEqual(1_001);
  });

  it('is the same bytes for the same records', () => {
    const sorted = sortStably(Array.from({ length: 2000 }, (_, at) => record(at % 3, `${(at * 7919) % 500}`, `${at}`)));
    for (const compress of compressions) {
      expect(writeSegment(sorted, { partitions: 3, compress }).file).toEqual(
        writeSegment(sorted, { partitions: 3, compress }).file,
      );
    }
  });

  it('compresses what shrinks and stores what does not, trying less and less often', () => {
    const dull = Array.from({ length: 4 }, (_, at) => record(0, `${at}`, 'x'.repeat(200_000)));
    const wild = Array.from({ length: 4 }, (_, at) => record(1, `${at}`, noise(200_000)));
    const { file, index, footerStart } = writeSegment([...dull, ...wild], { partitions: 2, compress: 'zstd' });
    expect(blockHeaders(file, index, 0).map((header) => header.codec)).toEqual([CODEC_ZSTD, CODEC_ZSTD, CODEC_ZSTD, CODEC_ZSTD]);
    expect(blockHeaders(file, index, 1).map((header) => header.codec)).toEqual([
      CODEC_STORED,
      CODEC_STORED,
      CODEC_STORED,
      CODEC_STORED,
    ]);
    expect(readWhole(file, footerStart).runs).toEqual([...dull, ...wild]);
  });

  it('spares the next blocks the trial after one that did not shrink, twice as many each time', () => {
    const compressor = new BlockCompressor();
    const wild = bytesOf(noise(5_000));
    const dull = bytesOf('x'.repeat(5_000));
    const isTried = () => compressor.compress(dull) !== undefined;
    expect([isTried(), isTried()]).toEqual([true, true]);
    compressor.compress(wild);
    expect([isTried(), isTried()]).toEqual([false, true]);
    compressor.compress(wild);
    expect([compressor.compress(dull), compressor.compress(wild)]).toEqual([undefined, undefined]);
    expect([isTried(), isTried(), isTried()]).toEqual([false, false, true]);
  });

  it('keeps the account: counters of any size and name, counts as given', () => {
    const counters = new Map([
      ['__proto__', 2n ** 80n],
      ['', -1n],
      ['ünï "quoted"', 0n],
    ]);
    const counts = { read: 3, nested: { list: [1, null, 'x'] } };
    const { file, footerStart } = writeSegment([], { partitions: 1, account: { counters, counts } });
    expect(readWhole(file, footerStart).account).toEqual({ counters, counts });
  });

  it('has the CRC of a run in its index: of the raw bytes, whatever the compression', () => {
    const sorted = Array.from({ length: 5 }, (_, at) => record(0, `key ${at}`, 'v'.repeat(100_000)));
    const raw = Buffer.concat(
      sorted.map(({ key, value }) =>
        Buffer.concat([Buffer.of(key.length), Buffer.from(key), Buffer.of(0xa0, 0x8d, 0x06), Buffer.from(value)]),
      ),
    );
    for (const compress of compressions) {
      const row = indexRow(writeSegment(sorted, { partitions: 1, compress }).index, 0);
      expect(row).toMatchObject({ records: 5, rawBytes: raw.length, crc: zlib.crc32(raw) });
    }
  });
});

describe('SegmentWriter', () => {
  it.each([
    { what: 'a smaller key', records: [record(0, 'b', ''), record(0, 'a', '')] },
    { what: 'a shorter key', records: [record(0, 'aa', ''), record(0, 'a', '')] },
    { what: 'a smaller key in the next block', records: [record(0, 'b', 'x'.repeat(BLOCK_BYTES_MAX)), record(0, 'a', '')] },
    { what: 'an earlier partition', records: [record(1, 'a', ''), record(0, 'b', '')] },
    { what: 'a partition that the job has not', records: [record(2, 'a', '')] },
  ])('refuses $what', ({ records }) => {
    expect(() => writeSegment(records, { partitions: 2 })).toThrow(InvariantError);
  });
});

describe('a segment in a scratch file', () => {
  it('reads the same, every byte once', () => {
    const sorted = Array.from({ length: 40 }, (_, at) => record(0, `${at + 10}`, noise(30_000)));
    sorted.push(record(0, '99', 'x'.repeat(2_000_000)), record(1, 'a', 'b'));
    const { file: whole, index } = writeSegment(sorted, { partitions: 2 });
    const file = new PlainScratchFile();
    file.append(Buffer.from('something before'));
    file.append(whole);
    const source = new ScratchSource(file, 16, 0, whole.length);
    expect(readAll(openSegment(source, index, ORIGIN))).toEqual(sorted);
    expect(file.reads).toBeLessThanOrEqual(Math.ceil(whole.length / SCRATCH_WINDOW_BYTES) + 8);
  });
});

describe('a damaged segment', () => {
  const sorted = sortStably([
    ...Array.from({ length: 30 }, (_, at) => record(at % 2, `key ${at % 7}`, `value ${at}`)),
    record(2, 'big', 'xyz'.repeat(200)),
  ]);
  const account = { counters: new Map([['words', 12n]]), counts: { read: 31 } };

  it.each(compressions)('never gives wrong records, whichever byte is flipped (%s)', (compress) => {
    const { file, footerStart } = writeSegment(sorted, { partitions: 3, compress, account });
    const whole = readWhole(file, footerStart);
    let refused = 0;
    for (let at = 0; at < file.length; at++) {
      for (const bit of [1, 128]) {
        const damaged = Uint8Array.from(file);
        damaged[at]! ^= bit;
        try {
          expect(readWhole(damaged, footerStart)).toEqual(whole);
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptSegmentError);
          refused++;
        }
      }
    }
    // Every byte counts, but for the eight at the start, which readers of ranges never see.
    if (compress === 'none') expect(refused).toBe((file.length - 8) * 2);
  });

  it('is refused wherever it is cut', async () => {
    const { file, footerStart, index } = writeSegment(sorted, { partitions: 3, account });
    const store = new MemoryObjectStore();
    for (let length = 0; length < file.length; length++) {
      const cut = file.subarray(0, length);
      if (length < footerStart)
        expect(() => readAll(openSegment(new MemorySource(cut), index, ORIGIN))).toThrow(CorruptSegmentError);
      await store.put('s', cut);
      await expect(readSegmentFooter(store, 's', footerStart, file.length)).rejects.toThrow(CorruptSegmentError);
      expect(() => decodeSegmentFooter(cut.subarray(footerStart), 's', footerStart)).toThrow(CorruptSegmentError);
    }
  });

  it('is named with the byte at which its block starts', () => {
    const { file, index } = writeSegment(sorted, { partitions: 3 });
    const row = indexRow(index, 1);
    const damaged = Uint8Array.from(file);
    damaged[row.byteStart + BLOCK_HEADER_BYTES + 5]! ^= 1;
    const error = expect.objectContaining({ values: expect.objectContaining({ key: ORIGIN.segmentKey, byte: row.byteStart }) });
    expect(() => readAll(openRun(new MemorySource(damaged), row, ORIGIN))).toThrow(error);
    expect(readAll(openRun(new MemorySource(damaged), indexRow(index, 0), ORIGIN)).length).toBe(15);
  });

  it('is refused by an index that says something else', () => {
    const { file, index } = writeSegment(sorted, { partitions: 3 });
    const row = indexRow(index, 0);
    const wrong = [
      { records: 14 },
      { records: 16 },
      { rawBytes: row.rawBytes + 1 },
      { crc: row.crc ^ 1 },
      { byteEnd: row.byteEnd - 1 },
    ];
    for (const change of wrong)
      expect(() => readAll(openRun(new MemorySource(file), { ...row, ...change }, ORIGIN))).toThrow(CorruptSegmentError);
  });

  it('is never ended quietly by a block header that miscounts, even when the index agrees', () => {
    for (const [claimed, firstAnswers] of [
      [0, 0],
      [14, 14],
      [16, 15],
    ] as const) {
      const { file, index } = writeSegment(sorted, { partitions: 3 });
      const row = indexRow(index, 0);
      new DataView(file.buffer).setUint32(row.byteStart + 9, claimed, true);
      const cursor = openRun(new MemorySource(file), { ...row, records: claimed }, ORIGIN);
      for (let answer = 0; answer < firstAnswers; answer++) expect(cursor.next()).toBe(true);
      expect(() => cursor.next()).toThrow(CorruptSegmentError);
    }
  });

  it('is refused when its footer is not where the commit says', () => {
    const { file, footerStart } = writeSegment(sorted, { partitions: 3 });
    expect(() => decodeSegmentFooter(file.subarray(footerStart), 's', footerStart + 1)).toThrow(CorruptSegmentError);
  });

  it('is refused with a CorruptSegmentError even when its checksums were made to fit', () => {
    const { file, footerStart, index } = writeSegment(sorted, { partitions: 3 });
    fc.assert(
      fc.property(fc.nat({ max: file.length - 25 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Uint8Array.from(file);
        damaged[at]! ^= change;
        const footer = damaged.subarray(footerStart);
        new DataView(footer.buffer, footer.byteOffset).setUint32(
          footer.length - 8,
          zlib.crc32(footer.subarray(0, footer.length - 8)),
          true,
        );
        for (let partition = 0; partition < 3; partition++) refit(damaged, index, partition);
        try {
          readWhole(damaged, footerStart);
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptSegmentError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  /** Makes the CRC of the first block, and of the run, that of the bytes that are there. */
  function refit(file: Uint8Array, index: SegmentIndex, partition: number): void {
    const { byteStart, byteEnd } = indexRow(index, partition);
    const crc = zlib.crc32(file.subarray(byteStart + BLOCK_HEADER_BYTES, byteEnd));
    new DataView(file.buffer).setUint32(byteStart + 13, crc, true);
    index.crc[partition] = crc;
  }

  it('names a version it does not know', () => {
    const { file, footerStart } = writeSegment(sorted, { partitions: 3 });
    const view = new DataView(file.buffer);
    view.setUint32(file.length - 12, 2, true);
    view.setUint32(file.length - 8, zlib.crc32(file.subarray(footerStart, file.length - 8)), true);
    expect(() => readWhole(file, footerStart)).toThrow('segment version 2 is unknown, this refold reads version 1');
  });
});
