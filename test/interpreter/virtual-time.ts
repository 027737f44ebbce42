import type { Clock } from '../../lib/ports/clock.ts';

type Sleeper = { readonly wakeAtMs: number; readonly order: number; wake(): void };

/** A clock that jumps to the next sleeper once nothing else can run. Time starts at 0 and costs nothing. */
export class VirtualTime implements Clock {
  #nowMs = 0;
  #order = 0;
  #sleepers: Sleeper[] = [];

  /** How many wait for a later time. */
  get sleepers(): number {
    return this.#sleepers.length;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal?.aborted) {
      reject(signal.reason);
      return promise;
    }
    const sleeper: Sleeper = { wakeAtMs: this.#nowMs + ms, order: this.#order++, wake: resolve };
    this.#sleepers.push(sleeper);
    signal?.addEventListener(
      'abort',
      () => {
        this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
        reject(signal.reason);
      },
      { once: true },
    );
    return promise;
  }

  /** Lets time pass until `work` has ended. @throws when it waits for nothing, which would be for ever */
  async run<T>(work: Promise<T>): Promise<T> {
    let ended = false;
    const end = () => {
      ended = true;
    };
    work.then(end, end);
    while (!ended) {
      await settle();
      if (ended) break;
      const next = this.#sleepers.toSorted((a, b) => a.wakeAtMs - b.wakeAtMs || a.order - b.order)[0];
      if (next === undefined) throw new Error('The work waits, and nobody sleeps.');
      this.#sleepers = this.#sleepers.filter((each) => each !== next);
      this.#nowMs = next.wakeAtMs;
      next.wake();
    }
    return work;
  }
}

/** Until every promise that can settle has settled. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
