import { assert } from '../errors.ts';
import type { SegmentRef } from './lost-segment.ts';
import type { SegmentIndex } from './segment.ts';

/**
 * What the shuffle index says of partitions [partitionStart, partitionEnd) in all segments: where each run lies and what is in it.
 * Columns; the run of segment s in partition p is at (p - partitionStart) · segments.length + s. An empty run is all zeros.
 */
export type IndexRows = {
  readonly partitionStart: number;
  readonly partitionEnd: number;
  /** In ascending order of map index. */
  readonly segments: readonly SegmentRef[];
  readonly byteStart: Float64Array;
  readonly byteEnd: Float64Array;
  readonly records: Float64Array;
  readonly rawBytes: Float64Array;
  readonly crc: Uint32Array;
};

/** Records and raw bytes by partition. */
export type PartitionTotals = { readonly records: Float64Array; readonly rawBytes: Float64Array };

export function emptyRows(segments: readonly SegmentRef[], partitionStart: number, partitionEnd: number): IndexRows {
  const cells = (partitionEnd - partitionStart) * segments.length;
  return {
    partitionStart,
    partitionEnd,
    segments,
    byteStart: new Float64Array(cells),
    byteEnd: new Float64Array(cells),
    records: new Float64Array(cells),
    rawBytes: new Float64Array(cells),
    crc: new Uint32Array(cells),
  };
}

/** The rows of segments whose indexes are at hand, without a shuffle index in between. */
export function rowsOf(
  segments: readonly (SegmentRef & { readonly index: SegmentIndex })[],
  partitionStart: number,
  partitionEnd: number,
): IndexRows {
  const refs = segments.map(({ mapIndex, segmentKey }) => ({ mapIndex, segmentKey }));
  const rows = emptyRows(refs, partitionStart, partitionEnd);
  let at = 0;
  for (let partition = partitionStart; partition < partitionEnd; partition++) {
    for (const { index } of segments) {
      if (index.records[partition]! > 0) {
        rows.byteStart[at] = index.byteStart[partition]!;
        rows.byteEnd[at] = index.byteStart[partition + 1]!;
        rows.records[at] = index.records[partition]!;
        rows.rawBytes[at] = index.rawBytes[partition]!;
        rows.crc[at] = index.crc[partition]!;
      }
      at++;
    }
  }
  return rows;
}

/** The same rows, fewer partitions. Shares the columns. */
export function sliceRows(rows: IndexRows, partitionStart: number, partitionEnd: number): IndexRows {
  assert(partitionStart >= rows.partitionStart && partitionEnd <= rows.partitionEnd, 'rows can only be narrowed');
  const start = (partitionStart - rows.partitionStart) * rows.segments.length;
  const end = (partitionEnd - rows.partitionStart) * rows.segments.length;
  return {
    partitionStart,
    partitionEnd,
    segments: rows.segments,
    byteStart: rows.byteStart.subarray(start, end),
    byteEnd: rows.byteEnd.subarray(start, end),
    records: rows.records.subarray(start, end),
    rawBytes: rows.rawBytes.subarray(start, end),
    crc: rows.crc.subarray(start, end),
  };
}

/** Puts rows of the same partitions side by side: the segments of all parts, in the order given. */
export function joinRows(parts: readonly IndexRows[], partitionStart: number, partitionEnd: number): IndexRows {
  if (parts.length === 1) return parts[0]!;
  const segments = parts.flatMap((part) => part.segments);
  const joined = emptyRows(segments, partitionStart, partitionEnd);
  let at = 0;
  for (let row = 0; row < partitionEnd - partitionStart; row++) {
    for (const part of parts) {
      const width = part.segments.length;
      const start = row * width;
      joined.byteStart.set(part.byteStart.subarray(start, start + width), at);
      joined.byteEnd.set(part.byteEnd.subarray(start, start + width), at);
      joined.records.set(part.records.subarray(start, start + width), at);
      joined.rawBytes.set(part.rawBytes.subarray(start, start + width), at);
      joined.crc.set(part.crc.subarray(start, start + width), at);
      at += width;
    }
  }
  return joined;
}

/** Sums over all segments, by partition: what partitions are grouped to reduce tasks by. Call once a segment. */
export function addToTotals(totals: PartitionTotals, index: SegmentIndex): void {
  assert(
    index.partitionStart === 0 && index.partitions === totals.records.length,
    'all segments of a job have the same partitions',
  );
  for (let partition = 0; partition < index.partitions; partition++) {
    totals.records[partition]! += index.records[partition]!;
    totals.rawBytes[partition]! += index.rawBytes[partition]!;
  }
}

export function emptyTotals(partitions: number): PartitionTotals {
  return { records: new Float64Array(partitions), rawBytes: new Float64Array(partitions) };
}
