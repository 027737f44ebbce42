import type { Clock } from '../../ports/clock.ts';

/** A request that takes longer than this share of the recent ones is asked a second time. */
const SLOW_SHARE = 0.95;
const RECENT_MAX = 200;
/** Fewer say nothing about the others. */
const RECENT_MIN = 20;
/** Second requests for each first one, at most, beyond a handful: a crowded service is not asked twice as much. */
const HEDGES_PER_REQUEST = 0.1;
const HEDGES_SAVED_MAX = 10;
/** Of the wait: a timer that is later than that tells of a busy thread, not of a slow service. */
const LATE_SHARE = 0.5;

/**
 * Asks a second time for what is slow, and takes whichever answer comes first; the other is aborted. For requests that change nothing.
 * One for each kind of request: what is slow is measured by its own kind.
 */
export class Hedge {
  readonly #clock: Clock;
  readonly #leastMs: number;
  readonly #recentMs: number[] = [];
  #next = 0;
  #saved = HEDGES_SAVED_MAX;

  /** @param options.leastMs no second request before that, however fast the others are */
  constructor(options: { readonly clock: Clock; readonly leastMs: number }) {
    this.#clock = options.clock;
    this.#leastMs = options.leastMs;
  }

  /** `work` stops when its signal is aborted. `which` tells the second from the first. */
  async run<Answer>(
    work: (signal: AbortSignal, which: 'first' | 'second') => Promise<Answer>,
    signal?: AbortSignal,
  ): Promise<Answer> {
    signal?.throwIfAborted();
    const stop = new AbortController();
    const begin = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    const startedAtMs = this.#clock.nowMs();
    try {
      const answer = await this.#race(work, begin);
      this.#record(this.#clock.nowMs() - startedAtMs);
      return answer;
    } finally {
      stop.abort();
    }
  }

  async #race<Answer>(
    work: (signal: AbortSignal, which: 'first' | 'second') => Promise<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    this.#saved = Math.min(HEDGES_SAVED_MAX, this.#saved + HEDGES_PER_REQUEST);
    const waitMs = this.#waitMs();
    const firstStop = new AbortController();
    const first = work(AbortSignal.any([signal, firstStop.signal]), 'first');
    if (waitMs === undefined) return first;
    const isSlow = await this.#isSlow(first, waitMs, signal);
    if (!isSlow || this.#saved < 1) return first;
    this.#saved -= 1;
    const secondStop = new AbortController();
    const second = work(AbortSignal.any([signal, secondStop.signal]), 'second');
    // An answer ends the other at once, before the caller sees it: they may share a place in memory.
    const answers = [first.then(ending(secondStop)), second.then(ending(firstStop))];
    try {
      return await Promise.any(answers);
    } catch {
      // Both failed: the first is the one to tell.
      return first;
    }
  }

  /** Settles when the request does, or after the wait. */
  async #isSlow(request: Promise<unknown>, waitMs: number, signal: AbortSignal): Promise<boolean> {
    const ended = new AbortController();
    const settled = request.then(
      () => false,
      () => false,
    );
    const waited = this.#sleep(waitMs, AbortSignal.any([signal, ended.signal])).then(
      () => true,
      () => false,
    );
    const isSlow = await Promise.race([settled, waited]);
    ended.abort();
    return isSlow;
  }

  /** A thread that maps wakes late, and before it has looked at what arrived meanwhile: it waits once more. */
  async #sleep(waitMs: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      const dueAtMs = this.#clock.nowMs() + waitMs;
      await this.#clock.sleep(waitMs, signal);
      if (this.#clock.nowMs() - dueAtMs < waitMs * LATE_SHARE) return;
    }
  }

  /** Undefined while too little is known. */
  #waitMs(): number | undefined {
    if (this.#recentMs.length < RECENT_MIN) return undefined;
    const sorted = this.#recentMs.toSorted((left, right) => left - right);
    return Math.max(this.#leastMs, sorted[Math.floor(sorted.length * SLOW_SHARE)] ?? 0);
  }

  #record(ms: number): void {
    this.#recentMs[this.#next] = ms;
    this.#next = (this.#next + 1) % RECENT_MAX;
  }
}

function ending<Answer>(other: AbortController): (answer: Answer) => Answer {
  return (answer) => {
    other.abort();
    return answer;
  };
}
