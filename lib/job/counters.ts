import { InvalidOptionError } from '../errors.ts';
import type { Counter } from './task-context.ts';

/** Counts by name, as they are stored and summed. */
export type CounterTotals = Readonly<Record<string, number>>;

const NAMES_MAX = 1_000;

/** The counters of one attempt. Whole numbers, so sums are exact whatever the order. */
export class Counters {
  private readonly counts = new Map<string, number>();
  private readonly handles = new Map<string, Counter>();

  counter(name: string): Counter {
    let handle = this.handles.get(name);
    if (handle === undefined) {
      if (this.handles.size >= NAMES_MAX) {
        throw new InvalidOptionError({
          option: 'counter',
          value: name,
          rule: `one of at most ${NAMES_MAX} names`,
          hint: 'Count by emitting pairs when names come from the data.',
        });
      }
      this.counts.set(name, 0);
      handle = { add: (count) => this.add(name, count) };
      this.handles.set(name, handle);
    }
    return handle;
  }

  totals(): CounterTotals {
    return Object.fromEntries(this.counts);
  }

  private add(name: string, count: number): void {
    const total = (this.counts.get(name) ?? 0) + count;
    if (!Number.isSafeInteger(total)) refuseTotal(name, count);
    this.counts.set(name, total);
  }
}

/** The counters of several attempts, summed by name, whatever the names are. */
export class CounterSum {
  private readonly counts = new Map<string, number>();

  /** @throws InvalidOptionError when a total is no longer exact */
  add(more: CounterTotals): void {
    for (const [name, count] of Object.entries(more)) {
      const total = (this.counts.get(name) ?? 0) + count;
      if (!Number.isSafeInteger(total)) refuseTotal(name, count);
      this.counts.set(name, total);
    }
  }

  totals(): CounterTotals {
    return Object.fromEntries(this.counts);
  }
}

function refuseTotal(name: string, count: number): never {
  throw new InvalidOptionError({
    option: `counter ${name}`,
    value: String(count),
    rule: 'a whole number that keeps the total exact',
    hint: 'Add whole numbers, which together stay below 2^53.',
  });
}
