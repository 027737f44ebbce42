import type { PhaseTally } from './phase-tally.ts';
import type { ProgressView } from './progress.ts';

const LINE_INTERVAL_MS = 5_000;

/** A line when a phase starts, when it ends, and every few seconds between. A job that runs whole in one task has only the last. */
export function openLines(write: (text: string) => void): ProgressView {
  let shownAtMs = 0;
  const show = (name: string, text: string): void => write(`${name.padEnd(7)} ${text}\n`);
  return {
    begin(tally: PhaseTally) {
      shownAtMs = performance.now();
      if (isPhase(tally)) show(tally.name, tally.describe(shownAtMs));
    },
    changed(tally: PhaseTally, nowMs: number) {
      if (nowMs - shownAtMs < LINE_INTERVAL_MS) return;
      shownAtMs = nowMs;
      show(tally.name, tally.describe(nowMs));
    },
    end(tally: PhaseTally, nowMs: number) {
      if (isPhase(tally)) show(tally.name, tally.describeEnd(nowMs));
    },
    line: (text) => write(`${text}\n`),
    close() {},
  };
}

function isPhase({ start }: PhaseTally): boolean {
  return start.role === 'map' || start.role === 'reduce';
}
