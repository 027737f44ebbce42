import type { CounterTotals } from './counters.ts';

/** What a map attempt did, kept in its segment's footer (or attempt file, for a map-only job). */
export type MapAccount = {
  readonly kind: 'map';
  readonly attemptId: string;
  readonly index: number;
  /** Records read, and records that map took without an error. Equal unless records may be quarantined. */
  readonly recordsRead: number;
  readonly recordsMapped: number;
  readonly bytesRead: number;
  readonly pairsEmitted: number;
  /** Emitted pairs that a combiner merged into others. */
  readonly pairsCombined: number;
  readonly spills: number;
  /** [ownedStart, ownedEnd) of every range of the split, flattened; [-1, -1) where the object is compressed. */
  readonly owned: readonly number[];
  readonly counters: CounterTotals;
};

/** What a reduce attempt did, kept in its attempt file; `parts` only for the last step. */
export type ReduceAccount = {
  readonly kind: 'reduce';
  readonly attemptId: string;
  readonly index: number;
  /** Generation of the index that was read. */
  readonly generation: number;
  readonly digest: string;
  /** Half-open range of partitions. */
  readonly partitionStart: number;
  readonly partitionEnd: number;
  /** fetched = delivered + combined + skipped. */
  readonly recordsFetched: number;
  readonly recordsDelivered: number;
  readonly recordsCombined: number;
  readonly recordsSkipped: number;
  readonly groups: number;
  readonly pairsEmitted: number;
  readonly bytesFetched: number;
  readonly counters: CounterTotals;
};

/** One part as the attempt staged it. */
export type PartAccount = {
  readonly name: string;
  readonly records: number;
  readonly bytes: number;
  /** CRC-32 of the part's bytes as stored. */
  readonly crc32: number;
};
