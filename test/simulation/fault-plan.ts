import type { SeededRandom } from './seeded-random.ts';

/** What can go wrong, by name, with its usual probability each time there is an opportunity. */
export const FAULT_RATES = {
  /** A sandbox dies before, or after, a call to a port. */
  sandboxCrashBefore: 0.01,
  sandboxCrashAfter: 0.01,
  /** A sandbox dies in the middle of its synchronous work: at a call to Scratch. */
  scratchCrash: 0.03,
  coordinatorCrashBefore: 0.01,
  coordinatorCrashAfter: 0.01,
  /** Only the function that decides dies; the machine is told and tries again, as on Lambda. */
  functionCrash: 0.01,
  /** A function is given up as lost while it goes on, and the machine calls it again. */
  zombieFunction: 0.01,
  /** The same function is called twice at once. */
  duplicateFunction: 0.05,
  /** A sandbox outlives its coordinator. */
  orphan: 0.5,
  /** An error instead of the call. */
  transientError: 0.005,
  /** The call was done, and the caller is told that it failed. */
  lostReply: 0.01,
  /** A request to the ledger is sent again by the client, and both arrive: the second one late, whichever has the reply. */
  repeatedRequest: 0.02,
  /** The same task is launched twice at once. */
  duplicateLaunch: 0.15,
  /** A sandbox is so slow that it may end after the phase, or after the job. */
  slowAttempt: 0.1,
  /** A sandbox is given up as lost while it goes on. */
  zombieAttempt: 0.1,
  /** A coordinator is taken for dead, and goes on beside the next run. */
  zombieCoordinator: 0.01,
  lostSegment: 0.03,
  corruptSegment: 0.03,
  lostAttemptFile: 0.05,
  lostPart: 0.1,
  lostIndexChunk: 0.05,
  corruptIndexChunk: 0.05,
  lostManifest: 0.03,
  lostPairs: 0.1,
  corruptPairs: 0.1,
} as const;

export type FaultKind = keyof typeof FAULT_RATES;
export const FAULT_KINDS = Object.keys(FAULT_RATES) as readonly FaultKind[];

/**
 * The faults of one seed: some kinds, each with its own probability, and a bound on all of them together, after which nothing goes
 * wrong any more and every job must come to its end.
 */
export class FaultPlan {
  readonly injected = new Map<FaultKind, number>();
  /** Faults so far in the current run of the job. */
  sinceRun = 0;
  #left: number;
  readonly #rates = new Map<FaultKind, number>();
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#left = random.chance(0.05) ? 0 : 1 + random.below(random.pick([5, 20, 60]));
    // Few kinds at once go deeper than all of them: each gets its turn alone with another.
    const share = random.pick([0.1, 0.25, 0.5, 1]);
    for (const kind of FAULT_KINDS) {
      if (random.chance(share)) this.#rates.set(kind, FAULT_RATES[kind] * random.pick([0.5, 1, 3]));
    }
  }

  /** Does it happen here? Counts it if so. */
  strikes(kind: FaultKind): boolean {
    const rate = this.#rates.get(kind);
    if (rate === undefined || this.#left <= 0 || !this.#random.chance(rate)) return false;
    this.#left--;
    this.sinceRun++;
    this.injected.set(kind, (this.injected.get(kind) ?? 0) + 1);
    return true;
  }

  stop(): void {
    this.#left = 0;
  }
}
