import { assert, BadRecordError } from '../errors.ts';
import type { MapAccount } from '../job/attempt-account.ts';
import { AttemptContext } from '../job/attempt-context.ts';
import type { PairSink } from '../job/pair-sink.ts';
import { paramsOf } from '../job/resolve-params.ts';
import type { StepInput } from '../job/step.ts';
import { setupError } from '../job/user-code.ts';
import type { InputStore } from '../ports/input-store.ts';
import { ReadAheadStore } from '../record/read-ahead-store.ts';
import { readRange } from '../record/read-range.ts';
import type { InputRange, RangeAccount } from '../record/reader.ts';
import type { Split } from '../split/split.ts';
import { drainBoth, MapRunner } from './map-runner.ts';
import { readPairs } from './read-pairs.ts';
import type { MapAttempt } from './run-map-attempt.ts';

type Mapped = Omit<MapAccount, 'pairsEmitted' | 'pairsCombined' | 'spills'>;

/** Reads a split's records and hands each to the user's map: setup, records in order, cleanup. */
export async function mapSplit(options: MapAttempt, pairs: PairSink): Promise<Mapped> {
  const { job, step, task, split, control } = options;
  const input = step.inputs.find((candidate) => candidate.name === split.input);
  assert(input !== undefined, `the split's input ${split.input} is one of the step's`);
  const context = new AttemptContext(control, {
    params: paramsOf(step.params, job.params),
    attempt: options.attempt,
    index: task.index,
  });
  context.input = split.input;
  const runner = new MapRunner({
    map: input.map,
    pairs,
    context,
    cursor: control.cursor,
    concurrency: options.concurrency,
    recordsMax: split.limit ?? Number.POSITIVE_INFINITY,
  });
  if (step.setup !== undefined) await callAround(options, 'setup', () => step.setup?.(context));
  const owned: number[] = [];
  let bytesRead = 0;
  if (options.records !== undefined) await mapGiven(options.records[split.input] ?? [], split, runner, pairs);
  else bytesRead = await mapRanges(options, input, runner, pairs, owned);
  for (const object of split.pairs ?? []) {
    if (runner.isFull) break;
    await readPairs(options.world.work, object, runner, pairs, control.signal);
    bytesRead += object.rawBytes;
  }
  pairs.gate.reopen();
  if (step.cleanup !== undefined) await callAround(options, 'cleanup', () => step.cleanup?.(pairs.emit, context));
  return {
    kind: 'map',
    attemptId: control.attemptId,
    index: task.index,
    recordsRead: runner.records,
    recordsMapped: runner.records,
    bytesRead,
    owned,
    counters: context.counters.totals(),
  };
}

/** For testJob: records in place of those of the split's ranges. */
async function mapGiven(records: readonly unknown[], split: Split, runner: MapRunner, pairs: PairSink): Promise<void> {
  for (const { key } of split.ranges) runner.enterObject(key);
  for (const record of records) {
    if (!runner.sink(record, runner.records)) await drainBoth(runner, pairs);
  }
  const draining = drainBoth(runner, pairs);
  if (draining !== undefined) await draining;
  runner.pause();
}

/** Answers how many bytes the ranges have, and adds what they own. */
async function mapRanges(
  options: MapAttempt,
  input: StepInput,
  runner: MapRunner,
  pairs: PairSink,
  owned: number[],
): Promise<number> {
  const { ranges, limit } = options.split;
  // With a limit the next ranges may not be needed.
  const store = new ReadAheadStore(options.world.input, limit === undefined ? ranges : []);
  let bytesRead = 0;
  try {
    for (const [index, range] of ranges.entries()) {
      if (runner.isFull) break;
      store.enter(index);
      const account = await readOne(options, store, input, range, runner, pairs, bytesRead);
      owned.push(...(account.compressed ? [-1, -1] : [account.ownedStart, account.ownedEnd]));
      bytesRead += range.byteEnd - range.byteStart;
    }
  } finally {
    await store.close();
  }
  return bytesRead;
}

async function readOne(
  options: MapAttempt,
  store: InputStore,
  input: StepInput,
  range: InputRange,
  runner: MapRunner,
  pairs: PairSink,
  bytesBefore: number,
): Promise<RangeAccount> {
  const { control } = options;
  runner.enterObject(range.key);
  const account = await readRange({
    input: store,
    reader: input.reader,
    scanner: input.reader.open(),
    range,
    signal: control.signal,
    onWindow: (byteBase) => {
      runner.moveWindow(byteBase);
      control.onProgress?.({ bytes: bytesBefore + Math.max(0, byteBase - range.byteStart), records: runner.records });
    },
    sink: runner.sink,
    drain: () => drainBoth(runner, pairs),
    onWait: runner.pause,
    isDone: () => runner.isFull || pairs.isDone?.() === true,
  }).catch((error: unknown) => {
    throw error instanceof BadRecordError ? error.atRecord(runner.recordsInRange) : error;
  });
  control.cursor.leave();
  control.onProgress?.({ bytes: bytesBefore + range.byteEnd - range.byteStart, records: runner.records });
  return account;
}

async function callAround(options: MapAttempt, name: 'setup' | 'cleanup', call: () => void | Promise<void>): Promise<void> {
  options.control.cursor.enter(name);
  try {
    await call();
  } catch (error) {
    throw setupError(error, name);
  } finally {
    options.control.cursor.leave();
  }
}
