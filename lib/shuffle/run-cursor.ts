/**
 * A position in a run of records sorted by (partition, key bytes, emit order). Fields, not getters, and rebound by `next`:
 * bytes stay valid until the next `next`.
 */
export interface RunCursor {
  partition: number;
  keyBytes: Uint8Array;
  keyStart: number;
  keyEnd: number;
  valueBytes: Uint8Array;
  valueStart: number;
  valueEnd: number;
  /** True: partition and key are those of the record before. False: that was not looked at, or is not so. */
  repeats: boolean;
  /** Moves to the next record; false at the end. @throws CorruptSegmentError */
  next(): boolean;
}
