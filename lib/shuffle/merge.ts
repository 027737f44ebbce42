import { InvariantError } from '../errors.ts';
import { compareKeys } from '../record/compare-keys.ts';
import type { RunCursor } from './run-cursor.ts';

/**
 * Merges runs into one: by partition, then key bytes, then the runs' place in `cursors`, then each run's own order. That order is a
 * guarantee: with runs given by (map index, spill), values of a key come in emit order. One run is handed back as it is.
 * The cursors belong to the merge from here on.
 */
export function mergeRuns(cursors: readonly RunCursor[]): RunCursor {
  return cursors.length === 1 ? cursors[0]! : new MergeCursor(cursors);
}

/** Partition of a run that has ended: behind all others. */
const ENDED = 2 ** 31 - 1;
/** Bytes of a key that its two cached numbers hold; see `MergeCursor.loadPrefix`. */
const PREFIX_BYTES = 12;
const NO_BYTES = new Uint8Array(0);

/**
 * A loser tree: node 0 < n < k holds the run that lost there, the leaf of run r is node k + r, and one walk from a leaf to the root
 * after each record finds the next winner. Runs are compared by two doubles that hold the first twelve bytes of the key and its
 * length up to there, so key bytes are read only to tell longer keys apart. Runs whose next record is in a later partition wait with the
 * prefix Infinity. About 6 million records a second with 16 runs of words (bench/merge.bench.ts).
 */
class MergeCursor implements RunCursor {
  partition = -1;
  keyBytes: Uint8Array = NO_BYTES;
  keyStart = 0;
  keyEnd = 0;
  valueBytes: Uint8Array = NO_BYTES;
  valueStart = 0;
  valueEnd = 0;
  repeats = false;

  private readonly cursors: readonly RunCursor[];
  private readonly partitions: Int32Array;
  private readonly high: Float64Array;
  private readonly low: Float64Array;
  private readonly losers: Int32Array;
  /** -1 before the first record and after the last. */
  private winner = -1;

  constructor(cursors: readonly RunCursor[]) {
    const count = cursors.length;
    this.cursors = cursors;
    this.partitions = new Int32Array(count).fill(-1);
    this.high = new Float64Array(count);
    this.low = new Float64Array(count);
    this.losers = new Int32Array(Math.max(1, count));
  }

  next(): boolean {
    const moved = this.winner;
    if (moved < 0) {
      if (this.partition >= 0 || !this.start()) return false;
    } else {
      const cursor = this.cursors[moved]!;
      if (cursor.next()) {
        // The same key again is before all others, as it was: ties go by run.
        if (cursor.repeats) {
          this.repeats = true;
          this.take(cursor);
          return true;
        }
        if (cursor.partition === this.partition) {
          const high = this.high[moved]!;
          const low = this.low[moved]!;
          this.loadPrefix(moved, cursor);
          const highNext = this.high[moved]!;
          const lowNext = this.low[moved]!;
          if (highNext < high || (highNext === high && lowNext < low)) refuseOrder(moved);
          if (highNext !== high || lowNext !== low || cursor.keyEnd - cursor.keyStart > PREFIX_BYTES) this.replay(moved);
        } else {
          this.leave(moved, cursor.partition);
        }
      } else {
        this.leave(moved, ENDED);
      }
      if (this.winner < 0) return false;
    }
    this.repeats = false;
    this.take(this.cursors[this.winner]!);
    return true;
  }

  private take(cursor: RunCursor): void {
    this.keyBytes = cursor.keyBytes;
    this.keyStart = cursor.keyStart;
    this.keyEnd = cursor.keyEnd;
    this.valueBytes = cursor.valueBytes;
    this.valueStart = cursor.valueStart;
    this.valueEnd = cursor.valueEnd;
  }

  private start(): boolean {
    const { cursors, partitions } = this;
    for (let run = 0; run < cursors.length; run++) partitions[run] = cursors[run]!.next() ? cursors[run]!.partition : ENDED;
    return this.enterPartition();
  }

  /** The run has no more records in this partition. */
  private leave(run: number, partition: number): void {
    if (partition < this.partition) refuseOrder(run);
    this.partitions[run] = partition;
    this.high[run] = Infinity;
    this.replay(run);
    if (this.high[this.winner] === Infinity) this.enterPartition();
  }

  /** Goes to the lowest partition that any run has records in, and builds the tree for it. */
  private enterPartition(): boolean {
    const { cursors, partitions, high, losers } = this;
    const count = cursors.length;
    let partition = ENDED;
    for (let run = 0; run < count; run++) if (partitions[run]! < partition) partition = partitions[run]!;
    this.winner = -1;
    if (partition === ENDED) {
      this.partition = Math.max(0, this.partition);
      this.keyBytes = NO_BYTES;
      this.valueBytes = NO_BYTES;
      return false;
    }
    this.partition = partition;
    for (let run = 0; run < count; run++) {
      if (partitions[run] === partition) this.loadPrefix(run, cursors[run]!);
      else high[run] = Infinity;
    }
    // The winners of all nodes from the leaves up, in a scratch column that dies here.
    const winners = new Int32Array(2 * count);
    for (let run = 0; run < count; run++) winners[count + run] = run;
    for (let node = count - 1; node > 0; node--) {
      const left = winners[2 * node]!;
      const right = winners[2 * node + 1]!;
      const isLeft = this.isBefore(left, right);
      winners[node] = isLeft ? left : right;
      losers[node] = isLeft ? right : left;
    }
    this.winner = count === 1 ? 0 : winners[1]!;
    return true;
  }

  /** Walks from the leaf of `run` to the root. */
  private replay(run: number): void {
    const { high, low, losers } = this;
    let winner = run;
    let winnerHigh = high[winner]!;
    for (let node = (run + this.cursors.length) >> 1; node > 0; node >>= 1) {
      const other = losers[node]!;
      const otherHigh = high[other]!;
      if (otherHigh > winnerHigh) continue;
      if (otherHigh === winnerHigh) {
        const difference = low[other]! - low[winner]!;
        if (difference > 0 || (difference === 0 && this.isBefore(winner, other))) continue;
      }
      losers[node] = winner;
      winner = other;
      winnerHigh = otherHigh;
    }
    this.winner = winner;
  }

  private isBefore(a: number, b: number): boolean {
    const highs = this.high[a]! - this.high[b]!;
    if (highs < 0) return true;
    if (highs > 0) return false;
    // Infinity less Infinity is no number: both wait.
    if (this.high[a] === Infinity) return a < b;
    const lows = this.low[a]! - this.low[b]!;
    if (lows !== 0) return lows < 0;
    const x = this.cursors[a]!;
    const y = this.cursors[b]!;
    if (x.keyEnd - x.keyStart <= PREFIX_BYTES) return a < b;
    const order = compareKeys(x.keyBytes, x.keyStart + PREFIX_BYTES, x.keyEnd, y.keyBytes, y.keyStart + PREFIX_BYTES, y.keyEnd);
    return order === 0 ? a < b : order < 0;
  }

  /**
   * high = the first six bytes of the key, low = the next six and the length: 48 + 4 bits, exact in a double. Zeros stand for bytes
   * that a short key does not have; the length, 13 for all keys longer than twelve bytes, tells them from zeros of a longer key.
   */
  private loadPrefix(run: number, cursor: RunCursor): void {
    const bytes = cursor.keyBytes;
    const at = cursor.keyStart;
    const length = cursor.keyEnd - at;
    if (length >= PREFIX_BYTES) {
      const b = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
      const c = (bytes[at + 3]! << 16) | (bytes[at + 4]! << 8) | bytes[at + 5]!;
      const d = (bytes[at + 6]! << 16) | (bytes[at + 7]! << 8) | bytes[at + 8]!;
      const e = (bytes[at + 9]! << 16) | (bytes[at + 10]! << 8) | bytes[at + 11]!;
      this.high[run] = b * 0x1000000 + c;
      this.low[run] = d * 0x10000000 + (e * 16 + (length > PREFIX_BYTES ? PREFIX_BYTES + 1 : PREFIX_BYTES));
      return;
    }
    let high = 0;
    let low = 0;
    const highEnd = Math.min(length, 6);
    for (let index = 0; index < highEnd; index++) high += bytes[at + index]! * HIGH_SCALE[index]!;
    for (let index = 6; index < length; index++) low += bytes[at + index]! * LOW_SCALE[index - 6]!;
    this.high[run] = high;
    this.low[run] = low + length;
  }
}

const HIGH_SCALE = Float64Array.of(2 ** 40, 2 ** 32, 2 ** 24, 2 ** 16, 2 ** 8, 1);
const LOW_SCALE = Float64Array.of(2 ** 44, 2 ** 36, 2 ** 28, 2 ** 20, 2 ** 12, 2 ** 4);

function refuseOrder(run: number): never {
  throw new InvariantError(`run ${run} of a merge is out of order`);
}
