import type { ContestantName } from './contestants.ts';
import type { WorkloadReport } from './run-workload.ts';

/** A ratio against its target; `ratio` is undefined when one of the two did not run. */
export type Verdict = {
  readonly ratio: number | undefined;
  readonly target: number | undefined;
  readonly met: boolean | undefined;
};

export type Judgement = { readonly fast: Verdict; readonly easy: Verdict; readonly scaling: Verdict };

/** Ratios of medians. Decides nothing but what is printed. */
export function judge(report: WorkloadReport): Judgement {
  const { target } = report.workload;
  const seconds = (name: ContestantName) => medianOf(report.rows.find(({ contestant }) => contestant === name)?.seconds ?? []);
  const fast = seconds('fast');
  const atMost = verdict(divide(fast, seconds(target.fastAgainst)), target.fast, (ratio) => ratio <= target.fast);
  const inTime = fast !== undefined && target.fastSeconds !== undefined && fast <= target.fastSeconds;
  const { easy, scaling } = target;
  return {
    fast: inTime ? { ...atMost, met: true } : atMost,
    easy: verdict(divide(seconds('easy'), seconds('plain')), easy, (ratio) => ratio <= easy!),
    scaling: verdict(divide(seconds('one'), fast), scaling, (ratio) => ratio >= scaling!),
  };
}

/** Undefined for no numbers. */
export function medianOf(numbers: readonly number[]): number | undefined {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 || sorted.length === 0 ? sorted[half] : (sorted[half - 1]! + sorted[half]!) / 2;
}

function divide(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one / other;
}

function verdict(ratio: number | undefined, target: number | undefined, isMet: (ratio: number) => boolean): Verdict {
  return { ratio, target, met: ratio === undefined || target === undefined ? undefined : isMet(ratio) };
}
