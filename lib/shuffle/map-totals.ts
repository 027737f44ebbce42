import { RefoldError } from '../errors.ts';
import type { MapAccount } from '../job/attempt-account.ts';
import { CounterSum, type CounterTotals } from '../job/counters.ts';
import type { Split } from '../split/split.ts';

/** The map side of a step's receipt: sums over the committed attempts. */
export type MapTotals = {
  readonly recordsRead: number;
  readonly recordsMapped: number;
  readonly bytesRead: number;
  readonly pairsEmitted: number;
  readonly pairsCombined: number;
  readonly spills: number;
  readonly counters: CounterTotals;
};

/** The receipt's equations do not hold: records were lost or doubled, and no output may be made of it. */
export class ReceiptError extends RefoldError {
  override readonly name = 'ReceiptError';
  readonly code = 'REFOLD_RECEIPT';
  readonly retryable = false;
  readonly hint = 'This is a bug in refold or a damaged work area: please report it with the message above.';
  constructor(values: { equation: string; left: number | string; right: number | string }, options?: ErrorOptions) {
    super(`The receipt does not balance: ${values.equation} (${values.left} is not ${values.right}).`, values, options);
  }
}

/** @throws ReceiptError */
export function balance(equation: string, left: number, right: number): void {
  if (left !== right) throw new ReceiptError({ equation, left, right });
}

/** Sums map accounts in split order, and checks that the ranges read tile every uncompressed object. */
export class MapTotalsSum {
  private recordsRead = 0;
  private recordsMapped = 0;
  private bytesRead = 0;
  private pairsEmitted = 0;
  private pairsCombined = 0;
  private spills = 0;
  private readonly counters = new CounterSum();
  private object = '';
  private objectBytes = 0;
  private ownedEnd = 0;
  private isTiled = false;

  /** Splits must come in order. `isLimited`: the job reads only its first records, so nothing tiles. */
  add(split: Split, account: MapAccount, isLimited: boolean): void {
    balance(`records read = records mapped in map task ${split.index}`, account.recordsRead, account.recordsMapped);
    this.recordsRead += account.recordsRead;
    this.recordsMapped += account.recordsMapped;
    this.bytesRead += account.bytesRead;
    this.pairsEmitted += account.pairsEmitted;
    this.pairsCombined += account.pairsCombined;
    this.spills += account.spills;
    this.counters.add(account.counters);
    if (!isLimited) this.tile(split, account);
  }

  finish(): MapTotals {
    this.endObject();
    const { recordsRead, recordsMapped, bytesRead, pairsEmitted, pairsCombined, spills } = this;
    const counters = this.counters.totals();
    return { recordsRead, recordsMapped, bytesRead, pairsEmitted, pairsCombined, spills, counters };
  }

  private tile(split: Split, account: MapAccount): void {
    for (const [position, range] of split.ranges.entries()) {
      const ownedStart = account.owned[2 * position]!;
      const ownedEnd = account.owned[2 * position + 1]!;
      if (range.byteStart === 0) {
        this.endObject();
        this.object = range.key;
        this.objectBytes = range.bytes;
        this.ownedEnd = 0;
        this.isTiled = ownedEnd >= 0;
      }
      if (!this.isTiled || ownedStart === ownedEnd) continue;
      balance(
        `ranges of ${range.key} tile it: the range at ${range.byteStart} starts where the one before ends`,
        ownedStart,
        this.ownedEnd,
      );
      this.ownedEnd = ownedEnd;
    }
  }

  private endObject(): void {
    if (this.isTiled) balance(`ranges of ${this.object} tile it to its end`, this.ownedEnd, this.objectBytes);
    this.isTiled = false;
  }
}
