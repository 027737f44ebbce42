import { decodeValue } from '../record/value-decoder.ts';
import type { GroupCursor } from '../shuffle/group.ts';

/** Reading values a second time, or after the call they were handed to has ended. It would give nothing, and a wrong result. */
export class ValuesOverError extends Error {
  override readonly name = 'ValuesOverError';
  constructor() {
    super('values can be read once, and only during the call that they were handed to: collect what you need into an array.');
  }
}

/**
 * The values of one group, streamed from the merge: what a reduce function gets. Reading is over when the call is. One a group for
 * reduce, so that one that user code kept never reads another group; the iterator's result is one object for all values.
 */
export class GroupValues implements IterableIterator<unknown> {
  private readonly groups: GroupCursor;
  private readonly result: { done: boolean; value: unknown } = { done: false, value: undefined };
  /** During the call that it was handed to. */
  isOpen = false;
  /** Read to the end, or left. */
  private isRead = false;
  /** An error of the engine that came up while user code read: user code may have swallowed it, the engine must not. */
  private failure: unknown;

  constructor(groups: GroupCursor) {
    this.groups = groups;
  }

  open(): this {
    this.isOpen = true;
    this.isRead = false;
    return this;
  }

  /** @throws what broke while values were read, whether or not user code caught it */
  close(): void {
    this.isOpen = false;
    if (this.failure !== undefined) throw this.failure;
  }

  /** The failure, for telling the engine's errors from the user's. */
  get broken(): unknown {
    return this.failure;
  }

  /** An iterator may be taken again while it is under way: `const values = all[Symbol.iterator](); values.next(); for (const value of values)`. */
  [Symbol.iterator](): this {
    if (this.isRead || !this.isOpen) throw new ValuesOverError();
    return this;
  }

  next(): IteratorResult<unknown> {
    const { groups, result } = this;
    if (!this.isOpen) throw new ValuesOverError();
    try {
      if (groups.nextValue()) {
        result.done = false;
        result.value = decodeValue(groups.valueBytes, groups.valueStart, groups.valueEnd);
      } else {
        this.isRead = true;
        result.done = true;
        result.value = undefined;
      }
    } catch (error) {
      this.failure = error;
      throw error;
    }
    return result as IteratorResult<unknown>;
  }

  /** Leaving a for…of early: what is left is drained and counted as skipped. */
  return(): IteratorResult<unknown> {
    this.isRead = true;
    return { done: true, value: undefined };
  }
}
