import { createHash } from 'node:crypto';
import type { AttemptControl } from '../job/attempt-control.ts';
import { EmitGate } from '../job/emit-gate.ts';
import type { JobRecord } from '../job/job-record.ts';
import { chooseBoundaries } from '../job/partitioner.ts';
import type { Step } from '../job/step.ts';
import type { World } from '../ports/world.ts';
import { splitRow } from '../split/read-splits.ts';
import { decodeSplit, type Split } from '../split/split.ts';
import type { StepPlan } from '../split/step-plan.ts';
import { writeBoundaries } from './boundaries.ts';
import { KeySample } from './key-sample.ts';
import { mapSplit } from './map-split.ts';

const SAMPLED_SPLITS_MAX = 64;
const SAMPLED_BYTES_PER_SPLIT = 1024 * 1024;

export type Sample = {
  readonly world: World;
  readonly job: JobRecord;
  readonly step: Step;
  readonly plan: StepPlan;
  readonly control: AttemptControl;
  /** Fills in what the split names of an earlier step. */
  readonly resolve: (split: Split) => Promise<Split>;
};

/**
 * Runs the user's map over the first MiB of up to 64 splits, chosen by hash, and stores the boundaries between partitions. Its pairs and
 * counters are dropped. Whoever stores boundaries first decides, so a repeated sample changes nothing.
 */
export async function runSample(sample: Sample): Promise<void> {
  const { world, job, step, plan } = sample;
  const keys: Uint8Array[] = [];
  for (const index of chooseSplits(job.jobId, plan.splits)) await sampleSplit(sample, index, keys);
  await writeBoundaries(world, job.jobId, plan.step, chooseBoundaries(keys, plan.partitions, step.groupBy));
}

/** The same splits for the same job, spread evenly over all of them. */
export function chooseSplits(jobId: string, splits: number): readonly number[] {
  const all = Array.from({ length: splits }, (_, index) => index);
  if (splits <= SAMPLED_SPLITS_MAX) return all;
  const rank = (index: number) => createHash('sha256').update(`${jobId}/${index}`).digest('hex');
  const ranked = all.map((index) => ({ index, rank: rank(index) })).toSorted((a, b) => (a.rank < b.rank ? -1 : 1));
  return ranked
    .slice(0, SAMPLED_SPLITS_MAX)
    .map(({ index }) => index)
    .toSorted((a, b) => a - b);
}

async function sampleSplit(
  { world, job, step, plan, control, resolve }: Sample,
  index: number,
  keys: Uint8Array[],
): Promise<void> {
  const row = splitRow(plan, index);
  const planned = decodeSplit(await world.work.readRange(row.key, undefined, row.byteStart, row.byteEnd));
  const split = shortened(await resolve(planned));
  const sample = new KeySample();
  const emit = (key: unknown) => sample.add(key);
  const task = { jobId: job.jobId, step: plan.step, phase: 'map', index } as const;
  await mapSplit(
    { world, job, step, plan, task, split, attempt: 1, concurrency: 1, control },
    {
      emit,
      gate: new EmitGate(),
      hold: () => ({ emit, release: () => {} }),
      isDone: () => sample.addedBytes >= SAMPLED_BYTES_PER_SPLIT,
    },
  );
  for (const key of sample.keys()) keys.push(key);
}

/** The first ranges of a split, a MiB in all; an object that is read whole stays whole. */
function shortened(split: Split): Split {
  let bytes = 0;
  const ranges = split.ranges.flatMap((range) => {
    if (bytes >= SAMPLED_BYTES_PER_SPLIT) return [];
    const isWhole = range.byteStart === 0 && range.byteEnd === range.bytes;
    const byteEnd = isWhole ? range.byteEnd : Math.min(range.byteEnd, range.byteStart + SAMPLED_BYTES_PER_SPLIT - bytes);
    bytes += byteEnd - range.byteStart;
    return [{ ...range, byteEnd }];
  });
  return { ...split, ranges };
}
