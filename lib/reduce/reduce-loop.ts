import type { AttemptContext } from '../job/attempt-context.ts';
import type { BuiltinCombiner } from '../job/combiner.ts';
import type { RecordCursor } from '../job/record-cursor.ts';
import type { AnyReduce, Step } from '../job/step.ts';
import { groupError, isThenable } from '../job/user-code.ts';
import { assert } from '../errors.ts';
import type { PairOutput } from '../output/pair-output.ts';
import { ByteSink } from '../record/byte-sink.ts';
import { decodeKey } from '../record/key-codec.ts';
import { encodeValue } from '../record/value-codec.ts';
import type { GroupCursor } from '../shuffle/group.ts';
import { GroupValues } from './group-values.ts';

export type ReduceLoop = {
  readonly step: Step;
  readonly groups: GroupCursor;
  readonly output: PairOutput;
  readonly context: AttemptContext;
  readonly cursor: RecordCursor;
  readonly signal: AbortSignal;
  readonly onProgress: (records: number) => void;
};

/** Pairs that a combiner merged at the reduce; the delivered count of the groups includes them. */
export type Reduced = { readonly combined: number };

/** Groups between looks at the signal and the progress. */
const GROUPS_PER_LOOK = 4096;

/** Reduces every group of a partition, in key order, and drains the output between groups. */
export async function reduceGroups(loop: ReduceLoop): Promise<Reduced> {
  const { reduce, combine } = loop.step;
  assert(reduce !== undefined, 'a step without reduce has no reduce tasks');
  if (typeof reduce !== 'function') return reduce.kind === 'identity' ? await passOn(loop) : await fold(loop, reduce);
  return typeof combine === 'object' ? await foldThenCall(loop, combine, reduce) : await callForGroups(loop, reduce);
}

/** `identity()`: bytes are copied, nothing is decoded. */
async function passOn(loop: ReduceLoop): Promise<Reduced> {
  const { groups, output } = loop;
  for (let count = 1; groups.nextGroup(); count++) {
    while (groups.nextValue()) {
      output.emitEncoded(groups.recordBytes, groups.recordStart, groups.recordEnd, groups.valueBytes, groups.valueStart, groups.valueEnd);
      if (output.isFull) await output.drain();
    }
    if (count % GROUPS_PER_LOOK === 0) look(loop);
  }
  return { combined: 0 };
}

/** A built-in combiner as reduce: no user code runs. */
async function fold(loop: ReduceLoop, combiner: BuiltinCombiner<unknown, unknown>): Promise<Reduced> {
  const { groups, output } = loop;
  const states = combiner.createStates();
  const value = new ByteSink();
  for (let count = 1; groups.nextGroup(); count++) {
    loop.cursor.enterGroup(groups.keyBytes, groups.keyStart, groups.keyEnd);
    foldGroup(groups, states);
    for (const result of states.result(0)) {
      value.length = 0;
      encodeValue(result, value);
      output.emitEncoded(groups.keyBytes, groups.keyStart, groups.keyEnd, value.bytes, 0, value.length);
    }
    if (output.isFull) await output.drain();
    if (count % GROUPS_PER_LOOK === 0) look(loop);
  }
  return { combined: groups.delivered - groups.groups };
}

function foldGroup(groups: GroupCursor, states: ReturnType<BuiltinCombiner<unknown>['createStates']>): void {
  states.clear();
  groups.nextValue();
  states.startEncoded(0, groups.valueBytes, groups.valueStart, groups.valueEnd);
  while (groups.nextValue()) states.addEncoded(0, groups.valueBytes, groups.valueStart, groups.valueEnd);
}

/** A built-in combiner before a user's reduce: partial states are merged exactly, so that reduce sees finished values only. */
async function foldThenCall(loop: ReduceLoop, combiner: BuiltinCombiner<unknown, unknown>, reduce: AnyReduce): Promise<Reduced> {
  const { groups, output, cursor } = loop;
  const states = combiner.createStates();
  const emit = (key: unknown, value: unknown) => output.emit(key, value);
  for (let count = 1; groups.nextGroup(); count++) {
    foldGroup(groups, states);
    cursor.enterGroup(groups.keyBytes, groups.keyStart, groups.keyEnd);
    try {
      const answer: unknown = reduce(decodeKey(groups.keyBytes, groups.keyStart, groups.keyEnd), states.result(0).values(), emit, loop.context);
      if (isThenable(answer)) await answer;
    } catch (error) {
      throw groupError(error, 'reduce', groups.keyBytes, groups.keyStart, groups.keyEnd);
    }
    if (output.isFull) await output.drain();
    if (count % GROUPS_PER_LOOK === 0) look(loop);
  }
  return { combined: groups.delivered - groups.groups };
}

async function callForGroups(loop: ReduceLoop, reduce: AnyReduce): Promise<Reduced> {
  const { groups, output, cursor, context } = loop;
  const values = new GroupValues(groups);
  const emit = (key: unknown, value: unknown) => output.emit(key, value);
  for (let count = 1; groups.nextGroup(); count++) {
    cursor.enterGroup(groups.keyBytes, groups.keyStart, groups.keyEnd);
    try {
      const answer: unknown = reduce(decodeKey(groups.keyBytes, groups.keyStart, groups.keyEnd), values.open(), emit, context);
      if (answer !== undefined && isThenable(answer)) await answer;
    } catch (error) {
      if (values.broken !== undefined) throw values.broken;
      throw groupError(error, 'reduce', groups.keyBytes, groups.keyStart, groups.keyEnd);
    }
    values.close();
    if (output.isFull) {
      cursor.leave();
      await output.drain();
    }
    if (count % GROUPS_PER_LOOK === 0) look(loop);
  }
  return { combined: 0 };
}

function look(loop: ReduceLoop): void {
  loop.signal.throwIfAborted();
  loop.onProgress(loop.groups.delivered + loop.groups.skipped);
}
