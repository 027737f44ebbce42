import type { Clock } from '../../lib/ports/clock.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { SimulatedTime } from './simulated-time.ts';

/** Thrown out of a synchronous call of a process that has just died, to unwind it. Nobody else ever sees it. */
export class ProcessDiedError extends Error {
  override readonly name = 'ProcessDiedError';
}

export type ProcessRole = 'sandbox' | 'coordinator' | 'function';

/**
 * Something that can die. Whatever a dead process waits for never comes, so nothing of it runs any more. A slow one takes `slowness`
 * times as long for each step.
 */
export class SimulatedProcess implements Clock {
  readonly role: ProcessRole;
  readonly name: string;
  /** Whoever dies with it. */
  readonly children: SimulatedProcess[] = [];
  slowness = 1;
  isAlive = true;
  /** Its work has ended, well or not. */
  hasEnded = false;
  readonly #time: SimulatedTime;
  readonly #random: SeededRandom;
  readonly #onDeath: (() => void)[] = [];

  constructor(role: ProcessRole, name: string, time: SimulatedTime, random: SeededRandom) {
    this.role = role;
    this.name = name;
    this.#time = time;
    this.#random = random;
  }

  onDeath(call: () => void): void {
    this.#onDeath.push(call);
  }

  kill(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    for (const call of this.#onDeath) call();
  }

  /** A moment passes: others may run. */
  pause(): Promise<void> {
    return this.sleep(1 + 9 * this.#random.next());
  }

  nowMs(): number {
    return this.#time.nowMs();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.whileAlive(this.#time.sleep(ms * this.slowness, signal));
  }

  /** The same promise, which never settles once the process is dead. */
  whileAlive<T>(promise: Promise<T>): Promise<T> {
    if (!this.isAlive) return new Promise(() => {});
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => {
          if (this.isAlive) resolve(value);
        },
        (error) => {
          if (this.isAlive) reject(error);
        },
      );
    });
  }
}
