import { describe, expect, it } from 'vitest';
import { catchCases } from './state-machine/catch.cases.ts';
import { choiceCases } from './state-machine/choice.cases.ts';
import { endCases, parallelCases, pathCases, templateCases, waitCases } from './state-machine/flow.cases.ts';
import type { FunctionCall, MachineCase, MachineRun } from './state-machine/machine-case.ts';
import { distributedMapCases, inlineMapCases } from './state-machine/map.cases.ts';
import { retryCases } from './state-machine/retry.cases.ts';

export const machineCases: readonly MachineCase[] = [
  ...retryCases,
  ...catchCases,
  ...choiceCases,
  ...inlineMapCases,
  ...distributedMapCases,
  ...parallelCases,
  ...waitCases,
  ...endCases,
  ...pathCases,
  ...templateCases,
];

export type MachineContractOptions = {
  /** What a run may take longer than its waits; 0 on a simulated clock. */
  readonly overheadSeconds: number;
  /** Cases that this runner does not meet, by title, each with its reason. */
  readonly unmet?: Readonly<Record<string, string>>;
  /** Runs cases side by side: where time is real. */
  readonly concurrent?: boolean;
};

/** The same small machines give the same outcome, calls and waits, wherever they run. */
export function stateMachineContract(
  runnerName: string,
  run: (machineCase: MachineCase) => Promise<MachineRun>,
  { overheadSeconds, unmet = {}, concurrent = false }: MachineContractOptions,
): void {
  describe(`${runnerName} runs state machines as Amazon States Language says`, { concurrent }, () => {
    for (const machineCase of machineCases.filter((each) => !(each.title in unmet))) {
      it(machineCase.title, async () => expectRun(await run(machineCase), machineCase, overheadSeconds));
    }

    it('declares only differences that there are cases for', () => {
      const titles = machineCases.map((each) => each.title);
      expect(titles).toEqual(expect.arrayContaining(Object.keys(unmet)));
    });
  });
}

function expectRun(seen: MachineRun, machineCase: MachineCase, overheadSeconds: number): void {
  const { outcome, calls, callCount, seconds, peak, anyOrder = false } = machineCase;
  if ('output' in outcome) {
    expect(seen.outcome).toEqual(outcome);
  } else {
    expect('error' in seen.outcome && seen.outcome.error).toBe(outcome.error);
    if (outcome.cause !== undefined) expect('cause' in seen.outcome && messageOf(seen.outcome.cause)).toBe(outcome.cause);
  }
  if (calls !== undefined) expect(ordered(seen.calls, anyOrder)).toEqual(ordered(calls, anyOrder));
  if (callCount !== undefined) expect(seen.calls).toHaveLength(callCount);
  if (peak !== undefined) expectPeak(seen.peak, peak, overheadSeconds);
  if (seconds !== undefined) {
    const [from, to] = typeof seconds === 'number' ? [seconds, seconds] : seconds;
    expect(seen.seconds).toBeGreaterThanOrEqual(from);
    expect(seen.seconds).toBeLessThanOrEqual(to + overheadSeconds);
  }
}

/** Where time is real, calls that may run at once may miss each other; but some of them will not. */
function expectPeak(seen: number, peak: number, overheadSeconds: number): void {
  expect(seen).toBeLessThanOrEqual(peak);
  expect(seen).toBeGreaterThanOrEqual(overheadSeconds === 0 ? peak : Math.min(peak, 2));
}

/** A function's error comes as Lambda tells it, with a trace that differs; a Fail state's cause is plain text. */
function messageOf(cause: string): string {
  if (!cause.startsWith('{')) return cause;
  return (JSON.parse(cause) as { errorMessage: string }).errorMessage;
}

function ordered(calls: readonly FunctionCall[], anyOrder: boolean): readonly string[] {
  const texts = calls.map((each) => `${each.name} ${JSON.stringify(each.payload)}`);
  return anyOrder ? texts.toSorted() : texts;
}
