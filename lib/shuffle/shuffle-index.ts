import * as zlib from 'node:zlib';
import { assert, CorruptSegmentError } from '../errors.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { ByteSink } from '../record/byte-sink.ts';
import { ROWS_PER_CHUNK } from '../split/step-plan.ts';
import { emptyRows, type IndexRows, joinRows } from './index-rows.ts';
import type { SegmentRef } from './lost-segment.ts';
import type { SegmentIndex } from './segment.ts';
import { appendUint32, appendVarint, uint32At, VarintReader } from './varint.ts';

/**
 * A chunk of the shuffle index, version 1: the indexes of up to 1,000 segments, transposed, so that a reduce task finds its runs in
 * all of them side by side. All numbers little endian.
 *
 *   "RFIX", uint32 version, segments, partitions, header bytes, chunk bytes, CRC of these 24 bytes
 *   per segment: varint map index; its key as varint bytes shared with the key before, varint further bytes, these
 *   per partition: varint length of its row
 *   uint32 CRC of the header up to here
 *   per partition, its row: per segment varint records; unless 0: varint byteStart, stored bytes, raw bytes, uint32 CRC of the run;
 *     then uint32 CRC of the row
 */
export const INDEX_VERSION = 1;

const MAGIC = 0x58494652; // "RFIX"
const PREAMBLE_BYTES = 28;
/** A chunk up to this size is read whole: a request costs more than the bytes. */
const WHOLE_BYTES_MAX = 1024 * 1024;
/** What is read first of a larger chunk: most headers are shorter. */
const HEAD_BYTES = 128 * 1024;
/** Chunks read at a time. */
const CHUNKS_IN_FLIGHT = 8;

export type IndexedSegment = SegmentRef & { readonly index: SegmentIndex };

/** Where a chunk is. Its size is optional: knowing it saves a request. */
export type IndexChunkPlace = { readonly key: string; readonly bytes?: number };

/** Segments in ascending order of map index, all with the same partitions, from 0. */
export function buildIndexChunk(segments: readonly IndexedSegment[]): Uint8Array {
  assert(segments.length > 0 && segments.length <= ROWS_PER_CHUNK, 'a chunk holds between 1 and 1,000 segments');
  const partitions = segments[0]!.index.partitions;
  const header = new ByteSink(PREAMBLE_BYTES + segments.length * 64 + partitions * 3);
  const rows = new ByteSink(partitions * (4 + segments.length * 8));
  header.length = header.reserve(PREAMBLE_BYTES) + PREAMBLE_BYTES;
  appendSegmentRefs(header, segments);
  for (let partition = 0; partition < partitions; partition++) {
    const start = rows.length;
    for (const { index } of segments) appendRun(rows, index, partition);
    appendUint32(rows, zlib.crc32(rows.bytes.subarray(start, rows.length)));
    appendVarint(header, rows.length - start);
  }
  const headerBytes = header.length + 4;
  const preamble = [MAGIC, INDEX_VERSION, segments.length, partitions, headerBytes, headerBytes + rows.length];
  preamble.forEach((value, field) => {
    header.view.setUint32(field * 4, value, true);
  });
  header.view.setUint32(PREAMBLE_BYTES - 4, zlib.crc32(header.bytes.subarray(0, PREAMBLE_BYTES - 4)), true);
  appendUint32(header, zlib.crc32(header.take()));
  header.append(rows.bytes, 0, rows.length);
  return header.take();
}

/**
 * The rows of partitions [partitionStart, partitionEnd), over the segments of all chunks in the order given. One to three GETs a chunk.
 * @throws CorruptSegmentError, ObjectMissingError: the index is lost, not the segments
 */
export async function readIndexRows(
  store: ObjectStore,
  chunks: readonly IndexChunkPlace[],
  partitionStart: number,
  partitionEnd: number,
): Promise<IndexRows> {
  const parts: IndexRows[] = [];
  for (let at = 0; at < chunks.length; at += CHUNKS_IN_FLIGHT) {
    const reads = chunks
      .slice(at, at + CHUNKS_IN_FLIGHT)
      .map((chunk) => readChunkRows(store, chunk, partitionStart, partitionEnd));
    parts.push(...(await Promise.all(reads)));
  }
  return joinRows(parts, partitionStart, partitionEnd);
}

/** The rows of partitions [partitionStart, partitionEnd) of one chunk whose bytes are all in memory. @throws CorruptSegmentError */
export function decodeIndexRows(bytes: Uint8Array, key: string, partitionStart: number, partitionEnd: number): IndexRows {
  const preamble = decodePreamble(bytes, key);
  if (bytes.length !== preamble.chunkBytes) refuse(key, bytes.length, 'the chunk has another length');
  const header = decodeHeader(bytes.subarray(0, preamble.headerBytes), key, preamble);
  const start = header.rowStarts[partitionStart]!;
  return decodeRows(bytes.subarray(start, header.rowStarts[partitionEnd]!), start, key, header, partitionStart, partitionEnd);
}

async function readChunkRows(
  store: ObjectStore,
  chunk: IndexChunkPlace,
  partitionStart: number,
  partitionEnd: number,
): Promise<IndexRows> {
  const { key } = chunk;
  const readChunk = async () => decodeIndexRows(await store.read(key), key, partitionStart, partitionEnd);
  if (chunk.bytes !== undefined && chunk.bytes <= WHOLE_BYTES_MAX) return readChunk();
  const head = await store.readRange(key, undefined, 0, chunk.bytes === undefined ? PREAMBLE_BYTES : HEAD_BYTES);
  const preamble = decodePreamble(head, key);
  if (preamble.chunkBytes <= WHOLE_BYTES_MAX) return readChunk();
  const isWhole = head.length >= preamble.headerBytes;
  const headerBytes = isWhole
    ? head.subarray(0, preamble.headerBytes)
    : await store.readRange(key, undefined, 0, preamble.headerBytes);
  const header = decodeHeader(headerBytes, key, preamble);
  const start = header.rowStarts[partitionStart]!;
  const rows = await store.readRange(key, undefined, start, header.rowStarts[partitionEnd]!);
  return decodeRows(rows, start, key, header, partitionStart, partitionEnd);
}

type Preamble = {
  readonly segments: number;
  readonly partitions: number;
  readonly headerBytes: number;
  readonly chunkBytes: number;
};
type Header = {
  readonly segments: readonly SegmentRef[];
  /** Byte of the chunk at which each row starts, and one more for the end of the last. */
  readonly rowStarts: Float64Array;
};

function appendSegmentRefs(sink: ByteSink, segments: readonly IndexedSegment[]): void {
  const { partitions } = segments[0]!.index;
  let previous = Buffer.alloc(0);
  let mapIndex = -1;
  for (const segment of segments) {
    assert(segment.mapIndex > mapIndex, 'segments of a chunk are in ascending order of map index');
    assert(
      segment.index.partitions === partitions && segment.index.partitionStart === 0,
      'all segments of a job have the same partitions',
    );
    const key = Buffer.from(segment.segmentKey);
    let shared = 0;
    while (shared < key.length && shared < previous.length && key[shared] === previous[shared]) shared++;
    appendVarint(sink, segment.mapIndex);
    appendVarint(sink, shared);
    appendVarint(sink, key.length - shared);
    sink.append(key, shared, key.length);
    previous = key;
    mapIndex = segment.mapIndex;
  }
}

function appendRun(sink: ByteSink, index: SegmentIndex, partition: number): void {
  const records = index.records[partition]!;
  appendVarint(sink, records);
  if (records === 0) return;
  const byteStart = index.byteStart[partition]!;
  appendVarint(sink, byteStart);
  appendVarint(sink, index.byteStart[partition + 1]! - byteStart);
  appendVarint(sink, index.rawBytes[partition]!);
  appendUint32(sink, index.crc[partition]!);
}

function decodePreamble(bytes: Uint8Array, key: string): Preamble {
  if (bytes.length < PREAMBLE_BYTES || uint32At(bytes, 0) !== MAGIC)
    refuse(key, 0, 'a chunk of the shuffle index does not start like this');
  if (zlib.crc32(bytes.subarray(0, PREAMBLE_BYTES - 4)) !== uint32At(bytes, PREAMBLE_BYTES - 4))
    refuse(key, 0, 'the CRC of the first bytes is wrong');
  const version = uint32At(bytes, 4);
  if (version !== INDEX_VERSION)
    refuse(key, 4, `index version ${version} is unknown, this refold reads version ${INDEX_VERSION}`);
  return {
    segments: uint32At(bytes, 8),
    partitions: uint32At(bytes, 12),
    headerBytes: uint32At(bytes, 16),
    chunkBytes: uint32At(bytes, 20),
  };
}

function decodeHeader(bytes: Uint8Array, key: string, preamble: Preamble): Header {
  const end = preamble.headerBytes - 4;
  if (bytes.length !== preamble.headerBytes) refuse(key, bytes.length, 'the chunk ends within its header');
  if (zlib.crc32(bytes.subarray(0, end)) !== uint32At(bytes, end)) refuse(key, end, 'the CRC of the header is wrong');
  const reader = new VarintReader(bytes, PREAMBLE_BYTES, end);
  const segments: SegmentRef[] = [];
  let previous = Buffer.alloc(0);
  for (let segment = 0; segment < preamble.segments; segment++) {
    const mapIndex = reader.varint();
    const shared = reader.varint();
    previous = Buffer.concat([previous.subarray(0, shared), reader.take(reader.varint())]);
    segments.push({ mapIndex, segmentKey: previous.toString('utf8') });
  }
  const rowStarts = new Float64Array(preamble.partitions + 1);
  rowStarts[0] = preamble.headerBytes;
  for (let partition = 0; partition < preamble.partitions; partition++)
    rowStarts[partition + 1] = rowStarts[partition]! + reader.varint();
  if (reader.at !== end || rowStarts[preamble.partitions] !== preamble.chunkBytes)
    refuse(key, end, 'the header has another length');
  return { segments, rowStarts };
}

/** @param bytes the rows of the partitions asked for; their first byte is byte `base` of the chunk */
function decodeRows(
  bytes: Uint8Array,
  base: number,
  key: string,
  header: Header,
  partitionStart: number,
  partitionEnd: number,
): IndexRows {
  assert(partitionStart >= 0 && partitionStart < partitionEnd, 'a reduce task has partitions');
  assert(partitionEnd < header.rowStarts.length, "the partitions of a reduce task are the job's");
  const rows = emptyRows(header.segments, partitionStart, partitionEnd);
  let at = 0;
  for (let partition = partitionStart; partition < partitionEnd; partition++) {
    const rowStart = header.rowStarts[partition]! - base;
    const rowEnd = header.rowStarts[partition + 1]! - base - 4;
    if (rowEnd + 4 > bytes.length || zlib.crc32(bytes.subarray(rowStart, rowEnd)) !== uint32At(bytes, rowEnd)) {
      refuse(key, base + rowStart, 'the CRC of a row is wrong');
    }
    const reader = new VarintReader(bytes, rowStart, rowEnd);
    for (let segment = 0; segment < header.segments.length; segment++, at++) {
      const records = reader.varint();
      if (records === 0) continue;
      rows.records[at] = records;
      const byteStart = reader.varint();
      rows.byteStart[at] = byteStart;
      rows.byteEnd[at] = byteStart + reader.varint();
      rows.rawBytes[at] = reader.varint();
      rows.crc[at] = reader.uint32();
    }
    if (reader.at !== rowEnd) refuse(key, base + rowStart, 'a row has another length');
  }
  return rows;
}

function refuse(key: string, byte: number, reason: string): never {
  throw new CorruptSegmentError({ key, byte, reason });
}
