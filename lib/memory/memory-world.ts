import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import type { Log } from '../ports/log.ts';
import type { World } from '../ports/world.ts';
import { MemoryInputStore } from './memory-input-store.ts';
import { MemoryObjectStore } from './memory-object-store.ts';
import { MemoryOutputs } from './memory-output-store.ts';
import { MemoryScratch } from './memory-scratch.ts';
import { MemoryTaskLedger } from './memory-task-ledger.ts';

export type MemoryWorld = World & { readonly input: MemoryInputStore };

/** A whole world in memory, the same at every start: time passes only in sleeps, ids count from 1, the log is dropped. */
export function memoryWorld(): MemoryWorld {
  const clock = new SleepingClock();
  return {
    input: new MemoryInputStore(),
    work: new MemoryObjectStore(),
    openOutput: new MemoryOutputs().open,
    ledger: new MemoryTaskLedger(clock),
    scratch: new MemoryScratch(),
    clock,
    ids: new CountingIds(),
    log: silentLog,
  };
}

/** A sleep ends at once, and that much time has passed. */
export class SleepingClock implements Clock {
  #nowMs = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#nowMs += ms;
  }
}

/** `id-1`, `id-2` …, and a fixed sequence of random numbers. */
export class CountingIds implements Ids {
  #count = 0;
  #state = 1;

  newId(): string {
    return `id-${++this.#count}`;
  }

  random(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return this.#state / 2 ** 32;
  }
}

export const silentLog: Log = { write() {} };
