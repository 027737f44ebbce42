import type { Clock } from '../../lib/ports/clock.ts';

type Wake = { readonly atMs: number; readonly order: number; readonly wake: () => void; cancelled: boolean };

/**
 * The one thing that moves a simulation on: everybody who waits, waits here, and wakes alone, in the order of virtual time. What runs
 * between two wakes is one atomic step, so random delays explore interleavings, and the same seed gives the same one.
 */
export class SimulatedTime implements Clock {
  /** How many have been woken. */
  steps = 0;
  #nowMs = 0;
  #order = 0;
  /** A binary heap by time, then by order. */
  readonly #heap: Wake[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  /** Calls `wake` when `ms` have passed; the answer takes it back. */
  after(ms: number, wake: () => void): () => void {
    const entry: Wake = { atMs: this.#nowMs + ms, order: this.#order++, wake, cancelled: false };
    this.#push(entry);
    return () => {
      entry.cancelled = true;
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal?.aborted) {
      reject(signal.reason);
      return promise;
    }
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = this.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
    return promise;
  }

  /** Lets time pass until `isOver`, or until nobody waits: `idle`. @throws when that takes more than `stepsMax` steps */
  async run(isOver: () => boolean, stepsMax: number): Promise<'over' | 'idle'> {
    for (let step = 0; ; step++) {
      await settle();
      if (isOver()) return 'over';
      const next = this.#pop();
      if (next === undefined) return 'idle';
      if (step > stepsMax) throw new Error(`The simulation goes on for ever: ${stepsMax} steps.`);
      this.#nowMs = next.atMs;
      this.steps++;
      next.wake();
    }
  }

  #push(entry: Wake): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(heap[parent]!, entry)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): Wake | undefined {
    for (;;) {
      const top = this.#popAny();
      if (top === undefined || !top.cancelled) return top;
    }
  }

  #popAny(): Wake | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (isBefore(last, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

function isBefore(left: Wake, right: Wake): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}

/** Until every promise that can settle has settled. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
