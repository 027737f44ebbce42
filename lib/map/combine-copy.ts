import { RefoldError } from '../errors.ts';
import type { CombineFunction } from '../job/define-job.ts';
import { NestedEmitError } from '../job/emit-gate.ts';
import { groupError, isThenable } from '../job/user-code.ts';
import { ByteSink } from '../record/byte-sink.ts';
import { compareKeys } from '../record/compare-keys.ts';
import { decodeKey } from '../record/key-decoder.ts';
import { encodeKey } from '../record/key-encoder.ts';
import { showKey } from '../record/show-key.ts';
import { encodeValue } from '../record/value-encoder.ts';
import { GroupValues } from '../reduce/group-values.ts';
import { GroupCursor } from '../shuffle/group.ts';
import type { RunCursor } from '../shuffle/run-cursor.ts';
import type { SegmentWriter } from '../shuffle/segment-writer.ts';
import type { RunCopy } from './run-copy.ts';

/** A combine function emitted a key that it was not called with: its pairs could not stay sorted. */
export class CombinerKeyError extends RefoldError {
  override readonly name = 'CombinerKeyError';
  readonly code = 'REFOLD_COMBINER_KEY';
  readonly retryable = false;
  readonly hint = 'Emit the key that combine was called with; what needs another key belongs into map or reduce.';
  constructor(values: { key: string; emitted: string }, options?: ErrorOptions) {
    super(`combine was called with the key ${values.key} and emitted ${values.emitted}.`, values, options);
  }
}

/** A combine function is called in the middle of `emit`, so it cannot wait. */
export class AsyncCombinerError extends RefoldError {
  override readonly name = 'AsyncCombinerError';
  readonly code = 'REFOLD_ASYNC_COMBINER';
  readonly retryable = false;
  readonly hint = 'Make combine synchronous; what must wait belongs into map or reduce.';
  constructor(values: { key: string }, options?: ErrorOptions) {
    super(`combine answered a promise at the key ${values.key}.`, values, options);
  }
}

/** Every group through the user's combine function; values it leaves are dropped. @throws UserCodeError, CombinerKeyError */
export class CombineCopy implements RunCopy {
  written = 0;
  private readonly groups: GroupCursor;
  private readonly values: GroupValues;
  private readonly to: SegmentWriter;
  private readonly combine: CombineFunction<unknown, unknown>;
  private readonly sink = new ByteSink();
  private bytes = 0;
  private groupKey: unknown;
  private isOpen = false;
  private isEncoding = false;
  /** Of the engine, within emit: user code may have swallowed it, the engine must not. */
  private failure: unknown;

  constructor(from: RunCursor, to: SegmentWriter, combine: CombineFunction<unknown, unknown>) {
    this.groups = new GroupCursor(from);
    this.values = new GroupValues(this.groups);
    this.to = to;
    this.combine = combine;
  }

  copy(bytesMax: number): boolean {
    this.bytes = 0;
    while (this.bytes < bytesMax) {
      if (!this.groups.nextGroup()) return false;
      this.combineGroup();
    }
    return true;
  }

  private combineGroup(): void {
    const { groups, values } = this;
    this.groupKey = decodeKey(groups.keyBytes, groups.keyStart, groups.keyEnd);
    this.isOpen = true;
    let answer: unknown;
    try {
      answer = this.combine(this.groupKey, values.open() as Iterable<unknown>, this.emit);
    } catch (error) {
      if (values.broken !== undefined) throw values.broken;
      if (error === this.failure) throw error;
      throw groupError(error, 'combine', groups.keyBytes, groups.keyStart, groups.keyEnd);
    } finally {
      this.isOpen = false;
    }
    values.close();
    if (this.failure !== undefined) throw this.failure;
    if (isThenable(answer)) throw new AsyncCombinerError({ key: showKey(groups.keyBytes, groups.keyStart, groups.keyEnd) });
  }

  private readonly emit = (key: unknown, value: unknown): void => {
    if (this.failure !== undefined) throw this.failure;
    if (!this.isOpen) this.refuse();
    this.isOpen = false; // While a getter of the value could emit.
    this.isEncoding = true;
    try {
      this.write(key, value);
    } catch (error) {
      this.failure ??= error;
      throw this.failure;
    } finally {
      this.isEncoding = false;
      this.isOpen = true;
    }
    if (this.failure !== undefined) throw this.failure;
  };

  private refuse(): never {
    if (!this.isEncoding) throw new Error('emit of combine can only be used during the call that it was handed to.');
    this.failure = new NestedEmitError();
    throw this.failure;
  }

  private write(key: unknown, value: unknown): void {
    const { groups, sink } = this;
    // Objects are looked at: user code may have changed what is in them.
    if (key !== this.groupKey || typeof key === 'object') this.checkKey(key);
    sink.length = 0;
    encodeValue(value, sink);
    this.to.add(groups.partition, groups.keyBytes, groups.keyStart, groups.keyEnd, sink.bytes, 0, sink.length);
    this.bytes += groups.keyEnd - groups.keyStart + sink.length;
    this.written++;
  }

  private checkKey(key: unknown): void {
    const { groups, sink } = this;
    sink.length = 0;
    encodeKey(key, sink);
    if (compareKeys(sink.bytes, 0, sink.length, groups.keyBytes, groups.keyStart, groups.keyEnd) === 0) return;
    throw new CombinerKeyError({
      key: showKey(groups.keyBytes, groups.keyStart, groups.keyEnd),
      emitted: showKey(sink.bytes, 0, sink.length),
    });
  }
}
