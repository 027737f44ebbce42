import { assert } from '../errors.ts';
import type { ReduceAccount } from '../job/attempt-account.ts';
import { AttemptContext } from '../job/attempt-context.ts';
import type { AttemptControl } from '../job/attempt-control.ts';
import type { JobRecord } from '../job/job-record.ts';
import { paramsOf } from '../job/resolve-params.ts';
import type { Step } from '../job/step.ts';
import { type AttemptFile, writeAttemptFile } from '../output/attempt-file.ts';
import { type AttemptOutput, openAttemptOutput } from '../output/attempt-output.ts';
import type { OutputResult, TaskId } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { digestOf } from '../shuffle/digest.ts';
import { fetchRuns } from '../shuffle/fetch-ranges.ts';
import type { FetchedRuns } from '../shuffle/fetched-runs.ts';
import { mergeWithin } from '../shuffle/merge-passes.ts';
import type { ReduceGroup } from '../shuffle/reduce-groups.ts';
import { readIndexRows } from '../shuffle/shuffle-index.ts';
import type { ShuffleManifest } from '../shuffle/shuffle-manifest.ts';
import { reduceAttemptKey } from '../work/work-layout.ts';
import { reduceGroups } from './reduce-loop.ts';

/** Requests in flight while a reduce attempt fetches its ranges. */
const FETCHES_IN_FLIGHT = 16;

export type ReduceAttempt = {
  readonly world: World;
  readonly job: JobRecord;
  readonly step: Step;
  readonly task: TaskId;
  readonly group: ReduceGroup;
  /** How many reduce tasks the step has, for the part's name. */
  readonly groupCount: number;
  readonly manifest: ShuffleManifest;
  readonly attempt: number;
  readonly control: AttemptControl;
};

type Totals = {
  recordsFetched: number;
  recordsDelivered: number;
  recordsCombined: number;
  recordsSkipped: number;
  groups: number;
  bytesFetched: number;
};

/** Fetches, merges and reduces the partitions of one task, and stages its output. Commits nothing: the caller does. */
export async function runReduceAttempt(options: ReduceAttempt): Promise<OutputResult> {
  const { world, job, task, control, group } = options;
  try {
    const { file, digest } = await reduceToFile(options);
    const attemptKey = reduceAttemptKey(job.jobId, task.step, group.index, control.attemptId);
    await writeAttemptFile(world, attemptKey, file);
    return { kind: 'reduce', attemptKey, digest, generation: options.manifest.generation };
  } finally {
    world.scratch.clear();
  }
}

/** The same without the attempt file, for Solo, which writes one for all its tasks. */
export async function reduceToFile(options: ReduceAttempt): Promise<{ readonly file: AttemptFile; readonly digest: string }> {
  const { world, job, step, control, group, manifest } = options;
  const rows = await readIndexRows(world.work, manifest.chunks, group.partitionStart, group.partitionEnd);
  const digest = digestOf(rows);
  const fetched = await fetchRuns(world.work, rows, {
    memoryBytes: Math.floor(job.options.memoryBytes / 2),
    concurrency: FETCHES_IN_FLIGHT,
    scratch: world.scratch,
    signal: control.signal,
  });
  const output = await openAttemptOutput({
    world,
    job,
    step,
    index: group.index,
    count: options.groupCount,
    attemptId: control.attemptId,
  });
  const context = new AttemptContext(control, {
    params: paramsOf(step.params, job.params),
    attempt: options.attempt,
    index: group.index,
  });
  const totals: Totals = {
    recordsFetched: 0,
    recordsDelivered: 0,
    recordsCombined: 0,
    recordsSkipped: 0,
    groups: 0,
    bytesFetched: fetched.bytes,
  };
  try {
    for (let partition = group.partitionStart; partition < group.partitionEnd; partition++) {
      await reducePartition(options, fetched, partition, output, context, totals);
    }
    const account: ReduceAccount = {
      kind: 'reduce',
      attemptId: control.attemptId,
      index: group.index,
      generation: manifest.generation,
      digest,
      partitionStart: group.partitionStart,
      partitionEnd: group.partitionEnd,
      ...totals,
      pairsEmitted: output.records,
      counters: context.counters.totals(),
    };
    return {
      file: { format: 1, attemptId: control.attemptId, index: group.index, reduces: [account], ...(await output.finish()) },
      digest,
    };
  } catch (error) {
    await output.abort();
    throw error;
  } finally {
    fetched.close();
  }
}

async function reducePartition(
  options: ReduceAttempt,
  fetched: FetchedRuns,
  partition: number,
  output: AttemptOutput,
  context: AttemptContext,
  totals: Totals,
): Promise<void> {
  const { world, job, step, control, manifest } = options;
  const merged = mergeWithin(fetched.runs(partition), {
    fanInMax: fetched.fanIn(partition, Math.floor(job.options.memoryBytes / 4)),
    scratch: world.scratch,
    partitionStart: partition,
    partitionEnd: partition + 1,
  });
  try {
    const before = totals.recordsFetched;
    const reduced = await reduceGroups({
      step,
      records: merged.cursor,
      output,
      context,
      cursor: control.cursor,
      signal: control.signal,
      onProgress: (records) => control.onProgress?.({ bytes: 0, records: before + records }),
    });
    control.cursor.leave();
    assert(
      reduced.fetched === manifest.partitionRecords[partition],
      `partition ${partition} has the records that the index promises`,
    );
    totals.recordsFetched += reduced.fetched;
    totals.recordsDelivered += reduced.delivered;
    totals.recordsCombined += reduced.combined;
    totals.recordsSkipped += reduced.skipped;
    totals.groups += reduced.groups;
    control.onProgress?.({ bytes: 0, records: totals.recordsFetched });
  } finally {
    merged.close();
  }
}
