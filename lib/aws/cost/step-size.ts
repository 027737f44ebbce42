import { paceOf } from '../../coordinator/task-list.ts';
import type { ContentOptions } from '../../job/job-options.ts';
import type { JobShape, StepShape } from '../../job/job-shape.ts';
import { reduceTaskBytes } from '../../shuffle/reduce-groups.ts';
import { countPartitions } from '../../split/count-partitions.ts';
import { RANGES_PER_SPLIT_MAX, resolveSplitBytes } from '../../split/plan-splits.ts';
import { SOLO_SPLITS_MAX } from '../../split/plan-step.ts';
import { ROWS_PER_CHUNK } from '../../split/step-plan.ts';
import type { Workload } from './workload.ts';

/** The input of a job, as its listing says. */
export type InputSize = { readonly objects: number; readonly bytes: number };

/** How much there is to do in one step, in numbers alone. Bytes and tasks of one undisturbed run. */
export type StepSize = {
  readonly inputBytes: number;
  readonly objects: number;
  /** Objects that are larger than a split are looked at, whether they may be cut. */
  readonly probes: number;
  readonly splits: number;
  /** Ranges in all splits. */
  readonly ranges: number;
  /** Chunks of split rows, and of the shuffle index. */
  readonly chunks: number;
  readonly mapGroups: number;
  readonly partitions: number;
  readonly reduceTasks: number;
  readonly reduceGroups: number;
  readonly mapOnly: boolean;
  readonly solo: boolean;
  /** With `range()` a sample of the keys comes first. */
  readonly sampled: boolean;
  /** Raw bytes in all segments, and as stored. */
  readonly shuffleBytes: number;
  readonly storedBytes: number;
  readonly outputBytes: number;
};

export type SizedJob = {
  readonly shape: Pick<JobShape, 'steps'>;
  readonly options: ContentOptions;
  readonly inputs: readonly InputSize[];
  /** Tasks at a time; 0 = as many as there may be. */
  readonly workers: number;
  /** Of the first step, where its plan is known. @default about as many as the input's bytes and objects make */
  readonly splits?: number;
};

/** The steps of a job one after another: what a step leaves is what the next one maps. */
export function sizeSteps(job: SizedJob, workload: Workload): readonly StepSize[] {
  const sizes: StepSize[] = [];
  const outside: InputSize = { objects: sum(job.inputs, 'objects'), bytes: sum(job.inputs, 'bytes') };
  for (const shape of job.shape.steps) {
    const upstream = shape.inputs.flatMap((input) => (input.upstream === undefined ? [] : [sizes[input.upstream]!]));
    const reads = shape.inputs.some((input) => input.upstream === undefined) ? outside : { objects: 0, bytes: 0 };
    sizes.push(sizeStep(job, shape, reads, upstream, workload));
  }
  return sizes;
}

function sizeStep(
  job: SizedJob,
  shape: StepShape,
  outside: InputSize,
  upstream: readonly StepSize[],
  workload: Workload,
): StepSize {
  const { options } = job;
  const inputBytes = outside.bytes + upstream.reduce((bytes, step) => bytes + step.outputBytes, 0);
  const splitBytes = resolveSplitBytes(options.splitBytes, outside.bytes);
  const isFirst = upstream.length === 0;
  const own = isFirst && job.splits !== undefined ? job.splits : countSplits(outside, splitBytes);
  const splits = own + upstream.reduce((tasks, step) => tasks + outputTasks(step), 0);
  const mapOnly = shape.mapOnly;
  const partitions = mapOnly ? 0 : countPartitions(inputBytes, splits, options.reduceTasks);
  const perSplit = splits === 0 ? 0 : inputBytes / splits;
  const segmentBytes = Math.min(workload.segmentBytesMax, perSplit * workload.shuffleRatio);
  const shuffleBytes = mapOnly ? 0 : Math.ceil(splits * segmentBytes);
  const reduceTasks = mapOnly ? 0 : countReduceTasks(shuffleBytes, partitions, splits, options.reduceTasks);
  const outputBytes = Math.ceil(
    Math.min(inputBytes * workload.outputRatio, Math.max(workload.segmentBytesMax, inputBytes * Number(mapOnly))),
  );
  return {
    inputBytes,
    objects: outside.objects,
    probes: outside.objects > 0 && outside.bytes / outside.objects > splitBytes ? outside.objects : 0,
    splits,
    ranges: Math.max(splits, outside.objects),
    chunks: Math.ceil(splits / ROWS_PER_CHUNK),
    mapGroups: countGroups(splits, job.workers),
    partitions,
    reduceTasks,
    reduceGroups: countGroups(reduceTasks, job.workers),
    mapOnly,
    solo: options.soloBytes > 0 && inputBytes <= options.soloBytes && splits <= SOLO_SPLITS_MAX,
    sampled: shape.partition === 'range' && partitions > 1,
    shuffleBytes,
    storedBytes: Math.ceil(shuffleBytes * workload.storedRatio),
    outputBytes,
  };
}

/** Tasks of a step that leave output. */
export function outputTasks(step: StepSize): number {
  if (step.solo) return 1;
  return step.mapOnly ? step.splits : step.reduceTasks;
}

/** Objects of one size each, which is what a listing's sums tell: large ones are cut, small ones packed. */
function countSplits({ objects, bytes }: InputSize, splitBytes: number): number {
  if (objects === 0) return 0;
  const each = bytes / objects;
  if (each > splitBytes) return objects * Math.ceil(each / splitBytes);
  const packed = Math.max(1, Math.min(RANGES_PER_SPLIT_MAX, Math.floor(splitBytes / Math.max(1, each))));
  return Math.ceil(objects / packed);
}

/** Partitions of one size each, grouped as PlanReduce does. */
function countReduceTasks(shuffleBytes: number, partitions: number, splits: number, reduceTasks: number | 'auto'): number {
  if (reduceTasks !== 'auto') return partitions;
  const each = shuffleBytes / partitions;
  const together = Math.max(1, Math.floor(reduceTaskBytes(shuffleBytes, splits) / Math.max(1, each)));
  return Math.ceil(partitions / together);
}

/** Children of the distributed map over so many tasks. */
function countGroups(tasks: number, workers: number): number {
  return Math.ceil(tasks / paceOf(Math.max(1, tasks), workers, 'machine').groupSize);
}

function sum(inputs: readonly InputSize[], field: keyof InputSize): number {
  return inputs.reduce((total, input) => total + input[field], 0);
}
