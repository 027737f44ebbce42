import { BYTES_AHEAD_MAX, READS_IN_FLIGHT_MAX } from '../../record/read-ahead-store.ts';
import { FIRST_READ_BYTES, inputGets, shuffleGets } from './count-requests.ts';
import type { StepSize } from './step-size.ts';
import { S3_MB_PER_SECOND, type Workload } from './workload.ts';

/** Seconds that sandboxes are busy, all together: what Lambda charges. */
export type ComputeTime = {
  readonly mapSeconds: number;
  readonly reduceSeconds: number;
  /** Of the functions that decide, and of Solo and Sample. */
  readonly otherSeconds: number;
};

const MB = 1e6;
/** GETs a second that S3 answers of one prefix before it has split it: the rest is refused, and its sandboxes wait. */
export const S3_GETS_PER_SECOND = 5_500;
/** What a task takes besides its bytes: an invocation, two writes of the ledger, five small reads, a thread. */
export const TASK_SECONDS = 0.4;
/** Starting a sandbox: the runtime, our code, the job's code. */
export const COLD_START_SECONDS = 1.2;
/** From asking for an object to its first byte: 100 to 200 ms by AWS ("Performance design patterns for Amazon S3"). */
export const FIRST_BYTE_SECONDS = 0.1;
/** A deciding function, besides what it lists and reads. */
export const DECISION_SECONDS = 0.5;
/** Objects that Plan lists, footers that PlanReduce reads, parts that Commit completes, in a second. */
const LISTED_PER_SECOND = 5_000;
const READ_PER_SECOND = 500;
const PUBLISHED_PER_SECOND = 80;
/** Rows of the index that PlanReduce writes in a second. */
const INDEX_ROWS_PER_SECOND = 2e6;

/** @param sandboxes that are started for the tasks */
export function computeTime(steps: readonly StepSize[], decisions: number, sandboxes: number, workload: Workload): ComputeTime {
  let mapSeconds = 0;
  let reduceSeconds = 0;
  let otherSeconds = decisions * DECISION_SECONDS;
  for (const step of steps) {
    const map = mapTaskSeconds(step, workload, sandboxes) * step.splits + Math.min(step.splits, sandboxes) * COLD_START_SECONDS;
    const reduce =
      reduceTaskSeconds(step, workload, sandboxes) * step.reduceTasks +
      Math.min(step.reduceTasks, sandboxes) * COLD_START_SECONDS;
    if (step.solo) otherSeconds += map + reduce;
    else {
      mapSeconds += map;
      reduceSeconds += reduce;
    }
    otherSeconds += planSeconds(step) + planReduceSeconds(step);
  }
  otherSeconds += commitSeconds(steps.at(-1));
  return { mapSeconds, reduceSeconds, otherSeconds };
}

/** Reads at what S3 gives or the code takes, whichever is slower; what is read comes while what came before is mapped. */
export function mapTaskSeconds(step: StepSize, workload: Workload, sandboxes: number): number {
  if (step.splits === 0) return 0;
  const speed = Math.min(S3_MB_PER_SECOND, workload.workerMbPerSecond / workload.mapShare);
  const furtherRanges = Math.max(0, step.ranges - step.splits);
  const seconds = step.inputBytes / MB / speed + (furtherRanges * FIRST_BYTE_SECONDS) / rangesTogether(step);
  return Math.max(seconds, waitingSeconds(inputGets(step), step.splits, sandboxes)) / step.splits + TASK_SECONDS;
}

/**
 * Ranges whose first bytes a task waits for together. Small objects are read ahead, sixteen at a time or as many as 8 MiB hold; what is larger
 * is waited for one after another. What they wait is added, though it passes while others are mapped: that leaves 6 ms of work for each request.
 */
function rangesTogether({ inputBytes, ranges }: StepSize): number {
  const bytes = inputBytes / Math.max(1, ranges);
  if (bytes > FIRST_READ_BYTES) return 1;
  return Math.min(READS_IN_FLIGHT_MAX, BYTES_AHEAD_MAX / Math.max(1, bytes));
}

/** Fetches first, whole, then merges and reduces. What an aggregate has left is reduced at the speed at which its input was mapped. */
export function reduceTaskSeconds(
  step: StepSize,
  { workerMbPerSecond, mapShare, shuffleRatio }: Workload,
  sandboxes: number,
): number {
  if (step.reduceTasks === 0) return 0;
  const waiting = waitingSeconds(shuffleGets(step), step.reduceTasks, sandboxes);
  const fetching = Math.max(step.storedBytes / MB / S3_MB_PER_SECOND, waiting);
  const share = Math.max(1 - mapShare, LEAST_REDUCE_SHARE);
  const perByte = share / workerMbPerSecond / Math.max(shuffleRatio, LEAST_REDUCE_SHARE);
  return (fetching + (step.shuffleBytes / MB) * perByte) / step.reduceTasks + TASK_SECONDS;
}

const LEAST_REDUCE_SHARE = 0.1;

/** What all sandboxes at work wait together while S3 answers so many GETs. */
function waitingSeconds(gets: number, tasks: number, sandboxes: number): number {
  return (gets / S3_GETS_PER_SECOND) * Math.min(tasks, sandboxes);
}

export function planSeconds(step: StepSize): number {
  return step.objects / LISTED_PER_SECOND + step.probes / READ_PER_SECOND;
}

export function planReduceSeconds(step: StepSize): number {
  if (step.mapOnly || step.solo) return 0;
  return step.splits / READ_PER_SECOND + (step.splits * step.partitions) / INDEX_ROWS_PER_SECOND;
}

export function commitSeconds(step: StepSize | undefined): number {
  if (step === undefined) return 0;
  return (step.mapOnly ? step.splits : step.reduceTasks) / PUBLISHED_PER_SECOND;
}
