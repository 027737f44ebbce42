import * as zlib from 'node:zlib';
import { assert, CorruptSegmentError } from '../errors.ts';
import { ByteSink } from '../record/byte-sink.ts';
import { appendUint32, appendVarint, uint32At, VarintReader } from './varint.ts';

/**
 * Segment, version 1. All numbers little endian.
 *
 *   "RFSG", version (1 byte), three zero bytes
 *   per partition, ascending, its run: blocks (see block.ts); an empty partition has none
 *   footer:
 *     varint partitionStart, varint partitions
 *     per partition: varint records; unless 0: varint stored bytes, varint raw bytes, uint32 CRC of the run's raw bytes
 *     the account as JSON, UTF-8
 *     uint32 account bytes, uint32 footer bytes (whole), uint32 version, uint32 CRC of the footer up to here, "RFSF"
 *
 * A record is varint key length, key, varint value length, value. Within a run records are sorted by key bytes, ties in emit
 * order. A run starts where the one before it ended, the first behind the eight bytes.
 */
export const SEGMENT_VERSION = 1;
export const SEGMENT_HEADER: Uint8Array = Uint8Array.of(0x52, 0x46, 0x53, 0x47, SEGMENT_VERSION, 0, 0, 0);

/** Where the runs of partitions [partitionStart, partitionStart + partitions) are. Columns, by partition - partitionStart. */
export type SegmentIndex = {
  readonly partitionStart: number;
  readonly partitions: number;
  /** One more than there are partitions: run i is [byteStart[i], byteStart[i + 1]). */
  readonly byteStart: Float64Array;
  readonly records: Float64Array;
  /** Bytes of the records, uncompressed, with their length prefixes. */
  readonly rawBytes: Float64Array;
  /** CRC-32 of those bytes. */
  readonly crc: Uint32Array;
};

/** One run of one segment. */
export type IndexRow = {
  readonly partition: number;
  readonly byteStart: number;
  readonly byteEnd: number;
  readonly records: number;
  readonly rawBytes: number;
  readonly crc: number;
};

/** What the attempt counted. `counts` is the caller's: plain JSON. */
export type SegmentAccount = {
  readonly counters: ReadonlyMap<string, bigint>;
  readonly counts: unknown;
};

export type SegmentFooter = { readonly index: SegmentIndex; readonly account: SegmentAccount };

export function emptyIndex(partitionStart: number, partitions: number): SegmentIndex {
  return {
    partitionStart,
    partitions,
    byteStart: new Float64Array(partitions + 1).fill(SEGMENT_HEADER.length),
    records: new Float64Array(partitions),
    rawBytes: new Float64Array(partitions),
    crc: new Uint32Array(partitions),
  };
}

export function indexRow(index: SegmentIndex, partition: number): IndexRow {
  const at = partition - index.partitionStart;
  assert(at >= 0 && at < index.partitions, 'a segment has a row for every partition of the job');
  return {
    partition,
    byteStart: index.byteStart[at]!,
    byteEnd: index.byteStart[at + 1]!,
    records: index.records[at]!,
    rawBytes: index.rawBytes[at]!,
    crc: index.crc[at]!,
  };
}

const FOOTER_MAGIC = 0x46534652; // "RFSF"
const TRAILER_BYTES = 20;
/** The shortest footer: two varints, an account of two bytes, the trailer. */
const FOOTER_BYTES_MIN = TRAILER_BYTES + 4;

export function encodeSegmentFooter(footer: SegmentFooter): Uint8Array {
  const { index, account } = footer;
  const sink = new ByteSink(1024 + index.partitions * 4);
  appendVarint(sink, index.partitionStart);
  appendVarint(sink, index.partitions);
  for (let at = 0; at < index.partitions; at++) {
    appendVarint(sink, index.records[at]!);
    if (index.records[at] === 0) continue;
    appendVarint(sink, index.byteStart[at + 1]! - index.byteStart[at]!);
    appendVarint(sink, index.rawBytes[at]!);
    appendUint32(sink, index.crc[at]!);
  }
  const json = encodeAccount(account);
  sink.append(json, 0, json.length);
  appendUint32(sink, json.length);
  appendUint32(sink, sink.length + TRAILER_BYTES - 4);
  appendUint32(sink, SEGMENT_VERSION);
  appendUint32(sink, zlib.crc32(sink.take()));
  appendUint32(sink, FOOTER_MAGIC);
  return sink.take();
}

/**
 * @param bytes the segment from `footerStart` to its end
 * @throws CorruptSegmentError
 */
export function decodeSegmentFooter(bytes: Uint8Array, segmentKey: string, footerStart: number): SegmentFooter {
  const refuse = (at: number, reason: string): never => {
    throw new CorruptSegmentError({ key: segmentKey, byte: footerStart + at, reason });
  };
  const trailer = bytes.length - TRAILER_BYTES;
  if (bytes.length < FOOTER_BYTES_MIN) refuse(0, 'too short for a footer');
  if (uint32At(bytes, trailer + 16) !== FOOTER_MAGIC) refuse(trailer + 16, 'a segment does not end like this');
  if (uint32At(bytes, trailer + 12) !== zlib.crc32(bytes.subarray(0, trailer + 12)))
    refuse(trailer + 12, 'the CRC of the footer is wrong');
  const version = uint32At(bytes, trailer + 8);
  if (version !== SEGMENT_VERSION)
    refuse(trailer + 8, `segment version ${version} is unknown, this refold reads version ${SEGMENT_VERSION}`);
  if (uint32At(bytes, trailer + 4) !== bytes.length) refuse(trailer + 4, 'the footer has another length');
  const accountStart = trailer - uint32At(bytes, trailer);
  if (accountStart < 0) refuse(trailer, 'the account is longer than the footer');

  const reader = new VarintReader(bytes, 0, accountStart);
  const partitionStart = reader.varint();
  const partitions = reader.varint();
  if (partitions > accountStart) refuse(0, 'more partitions than the footer can hold');
  const index = emptyIndex(partitionStart, partitions);
  let byte = SEGMENT_HEADER.length;
  for (let at = 0; at < partitions; at++) {
    const records = reader.varint();
    if (records > 0) {
      index.records[at] = records;
      byte += reader.varint();
      index.rawBytes[at] = reader.varint();
      index.crc[at] = reader.uint32();
    }
    index.byteStart[at + 1] = byte;
  }
  if (reader.at !== accountStart) refuse(accountStart, 'the index has another length');
  if (byte !== footerStart) refuse(0, `the runs end at byte ${byte}, not where the footer starts`);
  return {
    index,
    account: decodeAccount(bytes.subarray(accountStart, trailer)) ?? refuse(accountStart, 'the account is no account'),
  };
}

/** Counters as pairs of name and digits: JSON has no bigint, and a counter may have any name. */
function encodeAccount(account: SegmentAccount): Uint8Array {
  const counters = [...account.counters].map(([name, count]) => [name, count.toString()]);
  return new TextEncoder().encode(JSON.stringify({ counters, counts: account.counts ?? null }));
}

function decodeAccount(json: Uint8Array): SegmentAccount | undefined {
  try {
    const parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json)) as {
      counters: [string, string][];
      counts: unknown;
    };
    return { counters: new Map(parsed.counters.map(([name, digits]) => [name, BigInt(digits)])), counts: parsed.counts };
  } catch {
    return undefined;
  }
}
