import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BLOCK_HEADER_BYTES, CODEC_STORED, decompressBlock, readBlockHeader } from '../../lib/shuffle/block.ts';
import { MemorySource } from '../../lib/shuffle/byte-source.ts';
import { decodeSegmentFooter, indexRow } from '../../lib/shuffle/segment.ts';
import { openRun, openSegment } from '../../lib/shuffle/segment-reader.ts';
import { type PlainRecord, readAll, textOf, writeSegment } from './segments.ts';

/** What lies beside each golden file. `repeat` stands for a long value. */
type Golden = {
  partitions: number;
  compress: 'zstd' | 'none';
  footerStart: number;
  counters: Record<string, string>;
  counts: unknown;
  records: { partition: number; keyHex: string; valueHex: string; repeat?: number }[];
};

const folder = new URL('../golden/', import.meta.url);
const names = readdirSync(folder).filter((name) => /^segment-v1.*\.json$/.test(name));

function open(name: string) {
  const golden = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Golden;
  const file = Uint8Array.from(readFileSync(new URL(name.replace('.json', '.bin'), folder)));
  const records: PlainRecord[] = golden.records.map(({ partition, keyHex, valueHex, repeat = 1 }) => ({
    partition,
    key: Buffer.from(keyHex, 'hex').toString('latin1'),
    value: Buffer.from(valueHex, 'hex').toString('latin1').repeat(repeat),
  }));
  const account = {
    counters: new Map(Object.entries(golden.counters).map(([counter, count]) => [counter, BigInt(count)])),
    counts: golden.counts,
  };
  return {
    golden,
    file,
    records,
    account,
    footer: decodeSegmentFooter(file.subarray(golden.footerStart), name, golden.footerStart),
  };
}

/** A segment as far as the zstd version does not matter: per block its records, CRC and raw bytes. */
function rawBlocks(file: Uint8Array, footerStart: number): unknown[] {
  const blocks: unknown[] = [];
  for (let at = 8; at < footerStart; ) {
    const header = { codec: 0, rawBytes: 0, storedBytes: 0, records: 0, crc: 0 };
    readBlockHeader(file.subarray(at), header);
    const stored = file.subarray(at + BLOCK_HEADER_BYTES, at + BLOCK_HEADER_BYTES + header.storedBytes);
    const raw = header.codec === CODEC_STORED ? stored : decompressBlock(stored, header.rawBytes);
    blocks.push({ codec: header.codec, records: header.records, crc: header.crc, raw: textOf(raw) });
    at += BLOCK_HEADER_BYTES + header.storedBytes;
  }
  return blocks;
}

describe('golden segments of version 1', () => {
  it('are there', () => expect(names.length).toBeGreaterThanOrEqual(2));

  it.each(names)('are read for ever: %s', (name) => {
    const { golden, file, records, account, footer } = open(name);
    expect(footer.account).toEqual(account);
    expect(readAll(openSegment(new MemorySource(file), footer.index, { segmentKey: name }))).toEqual(records);
    for (let partition = 0; partition < golden.partitions; partition++) {
      const run = readAll(openRun(new MemorySource(file), indexRow(footer.index, partition), { segmentKey: name }));
      expect(run).toEqual(records.filter((record) => record.partition === partition));
    }
  });

  // A writer that fails here writes another format: raise SEGMENT_VERSION and add new golden files, these stay.
  it.each(names)('are still what the writer writes: %s', (name) => {
    const { golden, file, records, account, footer } = open(name);
    const written = writeSegment(records, { partitions: golden.partitions, compress: golden.compress, account });
    if (golden.compress === 'none') expect(Buffer.compare(written.file, file)).toBe(0);
    expect(rawBlocks(written.file, written.footerStart)).toEqual(rawBlocks(file, golden.footerStart));
    expect({ ...written.index, byteStart: null }).toEqual({ ...footer.index, byteStart: null });
  });
});
