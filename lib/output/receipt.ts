import type { PartAccount } from '../job/attempt-account.ts';
import { CounterSum, type CounterTotals } from '../job/counters.ts';
import type { JobShape } from '../job/job-shape.ts';
import { balance, type MapTotals } from '../shuffle/map-totals.ts';
import type { AttemptFile } from './attempt-file.ts';

export type AttemptCounts = {
  readonly begun: number;
  readonly committed: number;
  /** Finished after another attempt had won. */
  readonly lost: number;
  readonly failed: number;
  /** Committed, and thrown out since: the segment was lost, or map gave other content when it ran again. */
  readonly invalidated: number;
  /** Begun and never heard of again: killed, or still running when the job ended. */
  readonly abandoned: number;
};

/** One job of a chain, over its final commits. Each line of `balanceStep` is an equation of these. */
export type StepReceipt = {
  readonly name: string;
  readonly map: MapTotals & { readonly tasks: number; readonly attempts: AttemptCounts };
  readonly reduce: {
    readonly tasks: number;
    readonly attempts: AttemptCounts;
    readonly recordsFetched: number;
    readonly recordsDelivered: number;
    readonly recordsCombined: number;
    readonly recordsSkipped: number;
    readonly groups: number;
    readonly pairsEmitted: number;
    readonly bytesFetched: number;
  };
};

/** The job's account. It cannot vouch for what a user's own combiner does with values. */
export type Receipt = {
  readonly jobId: string;
  readonly run: number;
  readonly steps: readonly StepReceipt[];
  readonly output: { readonly parts: number; readonly records: number; readonly bytes: number };
  readonly counters: CounterTotals;
  readonly elapsedMs: number;
};

/** The reduce side of a step's receipt but for its tasks. */
export type ReduceTotals = Omit<StepReceipt['reduce'], 'tasks' | 'attempts'> & { readonly counters: CounterTotals };

/** Sums the final attempt files of a step, one after another. */
export class ReduceTotalsSum {
  private readonly totals = {
    recordsFetched: 0,
    recordsDelivered: 0,
    recordsCombined: 0,
    recordsSkipped: 0,
    groups: 0,
    pairsEmitted: 0,
    bytesFetched: 0,
  };
  private readonly counters = new CounterSum();

  add({ reduces }: Pick<AttemptFile, 'reduces'>): void {
    const { totals } = this;
    for (const account of reduces) {
      for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += account[name];
      this.counters.add(account.counters);
    }
  }

  finish(): ReduceTotals {
    return { ...this.totals, counters: this.counters.totals() };
  }
}

/** @throws ReceiptError when records were lost or doubled between map, shuffle and reduce */
export function balanceStep(step: StepReceipt, isMapOnly: boolean): void {
  const { map, reduce } = step;
  balance(`${step.name}: records read = records mapped`, map.recordsRead, map.recordsMapped);
  for (const [phase, { attempts }] of [
    ['map', map],
    ['reduce', reduce],
  ] as const) {
    const ended = attempts.committed + attempts.lost + attempts.failed + attempts.invalidated + attempts.abandoned;
    balance(`${step.name}: ${phase} attempts begun = committed + lost + failed + invalidated + abandoned`, attempts.begun, ended);
  }
  if (isMapOnly) return;
  balance(`${step.name}: pairs in segments = pairs fetched`, map.pairsEmitted - map.pairsCombined, reduce.recordsFetched);
  const used = reduce.recordsDelivered + reduce.recordsCombined + reduce.recordsSkipped;
  balance(`${step.name}: pairs fetched = delivered + combined + skipped`, reduce.recordsFetched, used);
}

/** @throws ReceiptError when a step that reads only pairs of earlier steps did not read what they emitted */
export function balanceChain(shape: JobShape, receipts: readonly StepReceipt[]): void {
  const emitted = (step: number) => (shape.steps[step]!.mapOnly ? receipts[step]!.map : receipts[step]!.reduce).pairsEmitted;
  for (const [step, { name, inputs }] of shape.steps.entries()) {
    if (inputs.some(({ upstream }) => upstream === undefined)) continue;
    const pairs = inputs.reduce((sum, { upstream }) => sum + emitted(upstream!), 0);
    balance(`${name}: records read = pairs that earlier steps emitted`, receipts[step]!.map.recordsRead, pairs);
  }
}

/** @throws ReceiptError when the parts do not hold what the last step emitted */
export function balanceOutput(step: StepReceipt, isMapOnly: boolean, parts: Iterable<PartAccount>): void {
  const emitted = isMapOnly ? step.map.pairsEmitted : step.reduce.pairsEmitted;
  let records = 0;
  for (const part of parts) records += part.records;
  balance(`${step.name}: pairs emitted = records in parts`, emitted, records);
}
