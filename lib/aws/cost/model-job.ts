import { COMMIT_ATTEMPTS_PER_CALL } from '../../coordinator/commit.ts';
import { resolveJobOptions } from '../../job/job-options.ts';
import type { JobShape } from '../../job/job-shape.ts';
import { countParts } from '../s3/transfer-sizes.ts';
import { AWS_LIMITS, type LimitName } from './aws-limits.ts';
import {
  commitSeconds,
  DECISION_SECONDS,
  mapTaskSeconds,
  planReduceSeconds,
  planSeconds,
  reduceTaskSeconds,
} from './compute-time.ts';
import { inputGets, shuffleGets } from './count-requests.ts';
import { type Estimate, estimateAs, FUNCTION_SIZES, type FunctionSizes } from './estimate-job.ts';
import { phaseSeconds, startSeconds } from './phase-time.ts';
import type { StepSize } from './step-size.ts';
import { S3_MB_PER_SECOND, type Workload } from './workload.ts';

const MIB = 1024 * 1024;
const GB = 1e9;
/** What the model takes an input to be made of. */
const OBJECT_BYTES = GB;
/** A small job on AWS runs whole in one sandbox. */
const SOLO_BYTES = 64e6;
/** An element of a task list: index, key of its row, and where that lies. */
const TASK_REF_BYTES = 160;

/** How much of a limit a job takes: 1 is all of it. */
export type LimitUse = { readonly limit: LimitName; readonly used: number; readonly share: number };

export type ModelRow = {
  readonly workload: string;
  readonly bytes: number;
  readonly workers: number;
  readonly step: StepSize;
  readonly estimate: Estimate;
  readonly usdPerTb: number;
  readonly seconds: { readonly map: number; readonly reduce: number; readonly coordinator: number; readonly total: number };
  /** Until the last of the tasks that may run at once has been started, of the larger phase: the coordinator's part of it. */
  readonly startSeconds: number;
  readonly limits: readonly LimitUse[];
  /** How much longer the phases take for the rate at which S3 answers. */
  readonly getWaitSeconds: number;
  /** The time of the shuffle alone: fetched as it is, and through a second level, which writes and reads everything once more. */
  readonly shuffle: { readonly oneLevelSeconds: number; readonly twoLevelSeconds: number; readonly twoLevelGets: number };
};

/** A job of one step over so many bytes, in objects of a GB, by so many workers. */
export function modelJob(workload: Workload, bytes: number, workers: number, sizes: FunctionSizes = FUNCTION_SIZES): ModelRow {
  const job = {
    shape: shapeFor(workload),
    options: { ...resolveJobOptions(1), soloBytes: SOLO_BYTES },
    inputs: [{ objects: Math.max(1, Math.ceil(bytes / OBJECT_BYTES)), bytes }],
    workers,
  };
  const estimate = estimateAs(job, workload, sizes);
  const step = estimate.steps[0]!;
  const mapTask = mapTaskSeconds(step, workload, workers);
  const reduceTask = reduceTaskSeconds(step, workload, workers);
  const map = phaseSeconds(step.splits, step.mapGroups, mapTask, workers);
  const reduce = phaseSeconds(step.reduceTasks, step.reduceGroups, reduceTask, workers);
  const decisions = estimate.machine.invocations - step.splits - step.reduceTasks;
  const coordinator = decisions * DECISION_SECONDS + planSeconds(step) + planReduceSeconds(step) + commitSeconds(step);
  return {
    workload: workload.name,
    bytes,
    workers,
    step,
    estimate,
    usdPerTb: estimate.usd / (bytes / 1e12),
    seconds: { map, reduce, coordinator, total: map + reduce + coordinator },
    startSeconds: Math.max(
      startSeconds(step.splits, step.mapGroups, workers),
      startSeconds(step.reduceTasks, step.reduceGroups, workers),
    ),
    limits: limitsOf(step, estimate, workload, workers, { mapTask, reduceTask }, job.options.memoryBytes),
    getWaitSeconds: getWait(step, workers),
    shuffle: shuffleTime(step, workers),
  };
}

/** The limits that this job is over, or would be with the next doubling. */
export function bindingLimits(row: ModelRow, share = 1): readonly LimitUse[] {
  return row.limits.filter((use) => use.share > share);
}

/** The largest input, to a tenth, whose shuffle one level serves within every hard limit. */
export function largestForOneLevel(workload: Workload, workers: number): number {
  let bytes = GB;
  while (bytes < 1e17 && bindingLimits(modelJob(workload, bytes * 1.1, workers)).every(({ limit }) => SOFT.has(limit)))
    bytes *= 1.1;
  return bytes;
}

/** Slow a job down, and don't end it. */
const SOFT: ReadonlySet<LimitName> = new Set(['concurrency', 'sandboxesPerTenSeconds', 'getsPerSecond', 'transitionsPerSecond']);

function shapeFor({ name }: Workload): Pick<JobShape, 'steps'> {
  const partition = name === 'sort' ? 'range' : 'hash';
  const inputs = [{ name: '', reader: 'lines', cuts: 'ranges' }] as const;
  return { steps: [{ name, inputs, mapOnly: false, partition, groupBy: 0, extension: '.tsv' }] };
}

function limitsOf(
  step: StepSize,
  { machine }: Estimate,
  { storedRatio }: Workload,
  workers: number,
  seconds: { readonly mapTask: number; readonly reduceTask: number },
  memoryBytes: number,
): readonly LimitUse[] {
  const { splits, reduceTasks, partitions, mapGroups, reduceGroups, shuffleBytes, storedBytes, outputBytes } = step;
  const tasks = Math.max(1, reduceTasks);
  const tasksPerGroup = Math.max(Math.ceil(splits / Math.max(1, mapGroups)), Math.ceil(reduceTasks / Math.max(1, reduceGroups)));
  const segmentRaw = shuffleBytes / Math.max(1, splits);
  const spilled = segmentRaw > memoryBytes ? segmentRaw * storedRatio : 0;
  const partitionBytes = shuffleBytes / Math.max(1, partitions);
  const fetched = Math.max(0, storedBytes / tasks - memoryBytes / 2) + partitionBytes * storedRatio;
  const commits = Math.ceil(tasks / COMMIT_ATTEMPTS_PER_CALL);
  const inFlight = Math.min(workers, Math.max(splits, reduceTasks));
  const use = (limit: LimitName, used: number): LimitUse => ({ limit, used, share: used / AWS_LIMITS[limit].value });
  return [
    use('payloadBytes', Math.max(tasksPerGroup * TASK_REF_BYTES, 3 * Math.max(mapGroups, reduceGroups))),
    use('historyEvents', Math.max(machine.events, machine.childEvents)),
    use('children', Math.max(mapGroups, reduceGroups)),
    use(
      'invocationSeconds',
      Math.max(seconds.mapTask, seconds.reduceTask, planSeconds(step), planReduceSeconds(step), commitSeconds(step) / commits),
    ),
    use('scratchBytes', Math.max(spilled, fetched)),
    use('concurrency', inFlight),
    use('sandboxesPerTenSeconds', inFlight),
    use('getsPerSecond', Math.max(getRate(step, inFlight), inputRate(step, inFlight))),
    use('uploadParts', countParts(Math.max(outputBytes, storedBytes) / tasks)),
    use('indexRows', splits * partitions),
  ];
}

/** GETs a second that the reduce tasks would make if S3 refused none: as fast as their bytes come, 16 at a time. */
function getRate(step: StepSize, workers: number): number {
  if (step.storedBytes === 0) return 0;
  const bytesPerGet = step.storedBytes / shuffleGets(step);
  const perSandbox = Math.min((S3_MB_PER_SECOND * 1e6) / bytesPerGet, GETS_IN_FLIGHT / FIRST_BYTE_SECONDS);
  return Math.min(workers, step.reduceTasks) * perSandbox;
}

function getWait(step: StepSize, workers: number): number {
  const wait = (gets: number, bytes: number, tasks: number) =>
    Math.max(0, gets / AWS_LIMITS.getsPerSecond.value - bytes / 1e6 / S3_MB_PER_SECOND / Math.max(1, Math.min(workers, tasks)));
  return wait(inputGets(step), step.inputBytes, step.splits) + wait(shuffleGets(step), step.storedBytes, step.reduceTasks);
}

/** The same of the map tasks, whose input takes one prefix for all we know. */
function inputRate(step: StepSize, workers: number): number {
  const gets = inputGets(step);
  if (gets === 0) return 0;
  return (Math.min(workers, step.splits) * S3_MB_PER_SECOND * 1e6) / Math.max(1, step.inputBytes / gets);
}

const GETS_IN_FLIGHT = 16;
const FIRST_BYTE_SECONDS = 0.03;

/** D/(W·b) or the rate of requests, whichever takes longer; a second level moves everything three times, by √R ranges a task. */
function shuffleTime(step: StepSize, workers: number): ModelRow['shuffle'] {
  const sandboxes = Math.max(1, Math.min(workers, step.reduceTasks));
  const moving = step.storedBytes / 1e6 / (sandboxes * S3_MB_PER_SECOND);
  const root = Math.ceil(Math.sqrt(Math.max(1, step.reduceTasks)));
  return {
    oneLevelSeconds: Math.max(moving, shuffleGets(step) / AWS_LIMITS.getsPerSecond.value),
    twoLevelSeconds: 3 * moving,
    twoLevelGets: Math.min((step.splits + step.reduceTasks) * root, Math.ceil(step.storedBytes / MIB)),
  };
}
