import { decodeValue } from '../record/value-codec.ts';
import type { GroupCursor } from '../shuffle/group.ts';

/** Reading values after the call they were handed to has ended. */
export class ValuesOverError extends Error {
  override readonly name = 'ValuesOverError';
  constructor() {
    super('values can be read once, and only during the call of reduce that they were handed to: collect what you need into an array.');
  }
}

/**
 * The values of one group, streamed from the merge: what a reduce function gets. One object for all groups, so that a small group
 * costs nothing; reading is over when the call is.
 */
export class GroupValues implements IterableIterator<unknown> {
  private readonly groups: GroupCursor;
  private readonly result: { done: boolean; value: unknown } = { done: false, value: undefined };
  private isOpen = false;
  /** An error of the engine that came up while user code read: user code may have swallowed it, the engine must not. */
  private failure: unknown;

  constructor(groups: GroupCursor) {
    this.groups = groups;
  }

  open(): this {
    this.isOpen = true;
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

  [Symbol.iterator](): this {
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
    return { done: true, value: undefined };
  }
}
