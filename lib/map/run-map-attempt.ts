import type { MapAccount } from '../job/attempt-account.ts';
import type { AttemptControl } from '../job/attempt-control.ts';
import { EncodedPairs } from '../job/encoded-pairs.ts';
import type { JobRecord } from '../job/job-record.ts';
import type { Step } from '../job/step.ts';
import type { MapResult, TaskId } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { SegmentUpload } from '../shuffle/segment-upload.ts';
import { SegmentWriter } from '../shuffle/segment-writer.ts';
import type { Split } from '../split/split.ts';
import type { StepPlan } from '../split/step-plan.ts';
import { segmentKey } from '../work/work-layout.ts';
import { readBoundaries } from './boundaries.ts';
import { createMapCollector } from './map-collector.ts';
import { mapSplit } from './map-split.ts';

export type MapAttempt = {
  readonly world: World;
  readonly job: JobRecord;
  readonly step: Step;
  readonly plan: StepPlan;
  readonly task: TaskId;
  readonly split: Split;
  /** From 1. */
  readonly attempt: number;
  /** Records of an asynchronous map in flight. */
  readonly concurrency: number;
  readonly control: AttemptControl;
  /** Records by input, in place of what the split's ranges hold: for testJob. */
  readonly records?: Readonly<Record<string, readonly unknown[]>>;
};

/** Maps one split and leaves one segment. Commits nothing: the caller does. */
export async function runMapAttempt(options: MapAttempt): Promise<MapResult> {
  const { world, job, step, plan, task, control } = options;
  const collector = createMapCollector({
    partitions: plan.partitions,
    groupBy: step.groupBy,
    partition: step.partition,
    boundaries: step.partition.by === 'range' && plan.partitions > 1 ? await readBoundaries(world, job.jobId, task.step) : [],
    combiner: step.combine,
    memoryBytes: job.options.memoryBytes,
    scratch: world.scratch,
  });
  const key = segmentKey(job.jobId, task.step, task.index, control.attemptId);
  const upload = new SegmentUpload(world.work, key);
  try {
    const mapped = await mapSplit(options, {
      emit: collector.emit,
      emitEncoded: collector.emitEncoded,
      gate: collector.gate,
      hold: () => new EncodedPairs(step.groupBy, collector.gate, collector.emit),
    });
    const writer = new SegmentWriter({ sink: upload, partitions: plan.partitions, compress: 'zstd' });
    await collector.finish(writer, () => (upload.isFull ? upload.drain() : undefined));
    const account: MapAccount = {
      ...mapped,
      pairsEmitted: collector.emitted,
      pairsCombined: collector.combined,
      spills: collector.spills,
    };
    const { footerStart, bytes } = writer.finish({ counters: new Map(), counts: account });
    await upload.complete();
    collector.gate.check();
    return { kind: 'map', segmentKey: key, segmentBytes: bytes, footerStart };
  } catch (error) {
    await upload.abort();
    throw error;
  } finally {
    collector.release();
    world.scratch.clear();
  }
}
