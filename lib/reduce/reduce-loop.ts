import type { BuiltinCombiner } from '../combine/combiner.ts';
import { assert } from '../errors.ts';
import type { AttemptContext } from '../job/attempt-context.ts';
import { LateEmitError } from '../job/emit-gate.ts';
import type { RecordCursor } from '../job/record-cursor.ts';
import type { AnyReduce, Step } from '../job/step.ts';
import { groupError, isThenable } from '../job/user-code.ts';
import type { PairOutput } from '../output/pair-output.ts';
import { ByteSink } from '../record/byte-sink.ts';
import { decodeKey } from '../record/key-decoder.ts';
import { encodeValue } from '../record/value-encoder.ts';
import { GroupCursor } from '../shuffle/group.ts';
import type { RunCursor } from '../shuffle/run-cursor.ts';
import { FinishedValues, foldGroup } from './finished-values.ts';
import { GroupValues } from './group-values.ts';

export type ReduceLoop = {
  readonly step: Step;
  /** The records of one partition, merged. */
  readonly records: RunCursor;
  readonly output: PairOutput;
  readonly context: AttemptContext;
  readonly cursor: RecordCursor;
  readonly signal: AbortSignal;
  readonly onProgress: (records: number) => void;
};

/** What became of the partition's records: fetched = delivered + combined + skipped. Values that a combiner finished count as delivered. */
export type Reduced = {
  readonly groups: number;
  readonly fetched: number;
  readonly delivered: number;
  readonly combined: number;
  readonly skipped: number;
};

/** A loop with its records in groups. */
type GroupLoop = ReduceLoop & { readonly groups: GroupCursor };

/** Groups between looks at the signal and the progress. */
const GROUPS_PER_LOOK = 4096;

/** Reduces every group of a partition, in key order, and drains the output between groups. */
export async function reduceGroups(loop: ReduceLoop): Promise<Reduced> {
  const { reduce, combine, groupBy } = loop.step;
  assert(reduce !== undefined, 'a step without reduce has no reduce tasks');
  if (typeof combine === 'object' && !takesStates(reduce, combine)) {
    const finished = new FinishedValues(loop.records, combine.createStates());
    const groups = new GroupCursor(finished, groupBy);
    await reduceEach({ ...loop, groups }, reduce);
    const { groups: keys, delivered } = finished.keys;
    return { groups: groups.groups, fetched: delivered, delivered: keys, combined: delivered - keys, skipped: 0 };
  }
  const groups = new GroupCursor(loop.records, groupBy);
  await reduceEach({ ...loop, groups }, reduce);
  const { delivered, skipped } = groups;
  const combined = typeof reduce === 'object' && reduce.kind === 'builtin' ? delivered - groups.groups : 0;
  return { groups: groups.groups, fetched: delivered + skipped, delivered: delivered - combined, combined, skipped };
}

/** Whether reduce goes on from the combiner's partial states, with nothing finished between: exact sums are rounded once. */
function takesStates(reduce: NonNullable<Step['reduce']>, combine: BuiltinCombiner<unknown, unknown>): boolean {
  // The largest three and the smallest two are both a `top`.
  return typeof reduce === 'object' && reduce.kind === 'builtin' && reduce.name === combine.name && reduce.name !== 'top';
}

async function reduceEach(loop: GroupLoop, reduce: NonNullable<Step['reduce']>): Promise<void> {
  if (typeof reduce === 'function') await callForGroups(loop, reduce);
  else if (reduce.kind === 'identity') await passOn(loop);
  else await fold(loop, reduce);
}

/** `identity()`: bytes are copied, nothing is decoded. */
async function passOn(loop: GroupLoop): Promise<void> {
  const { groups, output } = loop;
  for (let count = 1; groups.nextGroup(); count++) {
    while (groups.nextValue()) {
      output.emitEncoded(
        groups.recordBytes,
        groups.recordStart,
        groups.recordEnd,
        groups.valueBytes,
        groups.valueStart,
        groups.valueEnd,
      );
      if (output.isFull) await output.drain();
    }
    if (count % GROUPS_PER_LOOK === 0) look(loop);
  }
}

/** A built-in combiner as reduce: no user code runs. */
async function fold(loop: GroupLoop, combiner: BuiltinCombiner<unknown, unknown>): Promise<void> {
  const { groups, output } = loop;
  const states = combiner.createStates();
  const value = new ByteSink();
  loop.cursor.leave(); // However long a group takes, no user code hangs.
  for (let count = 1; groups.nextGroup(); count++) {
    foldGroup(groups, states, 'reduce');
    for (const result of states.result(0)) {
      value.length = 0;
      encodeValue(result, value);
      output.emitEncoded(groups.keyBytes, groups.keyStart, groups.keyEnd, value.bytes, 0, value.length);
    }
    if (output.isFull) await output.drain();
    if (count % GROUPS_PER_LOOK === 0) look(loop);
  }
}

async function callForGroups(loop: GroupLoop, reduce: AnyReduce): Promise<void> {
  const { groups, output, cursor, context } = loop;
  for (let count = 1; groups.nextGroup(); count++) {
    const values = new GroupValues(groups);
    const emit = (key: unknown, value: unknown) => {
      if (!values.isOpen) throw output.gate.keep(new LateEmitError());
      output.emit(key, value);
    };
    cursor.enterGroup(groups.keyBytes, groups.keyStart, groups.keyEnd);
    try {
      const answer: unknown = reduce(decodeKey(groups.keyBytes, groups.keyStart, groups.keyEnd), values.open(), emit, context);
      if (answer !== undefined && isThenable(answer)) await answer;
    } catch (error) {
      if (values.broken !== undefined) throw values.broken;
      throw groupError(error, 'reduce', groups.keyBytes, groups.keyStart, groups.keyEnd);
    }
    cursor.leave();
    values.close();
    if (output.isFull) await output.drain();
    if (count % GROUPS_PER_LOOK === 0) look(loop);
  }
}

function look(loop: GroupLoop): void {
  loop.signal.throwIfAborted();
  loop.onProgress(loop.groups.delivered + loop.groups.skipped);
}
