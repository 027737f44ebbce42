import { buildStateMachine, type FunctionArns } from '../../coordinator/build-state-machine.ts';
import { type ComputeTime, computeTime } from './compute-time.ts';
import { type CostItem, costItem, sumUsd } from './cost-item.ts';
import { countRequests, type RequestTotals } from './count-requests.ts';
import { countTransitions, machinePath, type Transitions } from './count-transitions.ts';
import { HOURS_PER_MONTH, MB_PER_GB } from './prices.ts';
import { type SizedJob, type StepSize, sizeSteps } from './step-size.ts';
import { HEAVY, LIGHT, type Workload } from './workload.ts';

/** Memory and scratch space of the functions, in MB, as the stack's outputs tell. */
export type FunctionSizes = {
  readonly mapMemoryMb: number;
  readonly reduceMemoryMb: number;
  /** Of the functions that decide. */
  readonly otherMemoryMb: number;
  readonly scratchMb: number;
};

/** One virtual processor for a task, and room for its spills or its fetched ranges. */
export const FUNCTION_SIZES: FunctionSizes = {
  mapMemoryMb: 1_769,
  reduceMemoryMb: 1_769,
  otherMemoryMb: 1_024,
  scratchMb: 10_240,
};

export type Estimate = {
  readonly items: readonly CostItem[];
  readonly usd: number;
  readonly steps: readonly StepSize[];
  readonly requests: RequestTotals;
  readonly machine: Transitions;
  readonly compute: ComputeTime;
};

export type EstimateRange = { readonly low: Estimate; readonly high: Estimate };

/**
 * What a job will cost, from its plan: nobody knows what its code will do, so it is priced as a light job and as a heavy one. Retries,
 * lost sandboxes and traffic out of the region come on top. The free tier is left out.
 */
export function estimateJob(job: SizedJob, sizes: FunctionSizes = FUNCTION_SIZES): EstimateRange {
  const [one, other] = [estimateAs(job, LIGHT, sizes), estimateAs(job, HEAVY, sizes)];
  return one.usd <= other.usd ? { low: one, high: other } : { low: other, high: one };
}

/** The same for a job that is known to be like `workload`. */
export function estimateAs(job: SizedJob, workload: Workload, sizes: FunctionSizes = FUNCTION_SIZES): Estimate {
  const steps = sizeSteps(job, workload);
  const path = machinePath(steps);
  const machine = countTransitions(MACHINE, path);
  const sandboxes = job.workers === 0 ? DEFAULT_CONCURRENCY : job.workers;
  const requests = countRequests(steps, path, sandboxes);
  const compute = computeTime(steps, path.answers.length, sandboxes, workload);
  const items = [
    ...computeItems(compute, sizes),
    costItem('Lambda requests', 'lambdaRequest', machine.invocations),
    costItem('Step Functions', 'transition', machine.transitions),
    costItem('S3 GET, HEAD', 's3Get', requests.s3Get),
    costItem('S3 PUT, POST', 's3Put', requests.s3Put),
    costItem('S3 LIST', 's3List', requests.s3List),
    costItem('S3 work area', 's3GbMonth', workGbMonths(steps)),
    costItem('DynamoDB writes', 'ledgerWrite', requests.ledgerWrites),
    costItem('DynamoDB reads', 'ledgerRead', requests.ledgerReads),
    costItem('CloudWatch logs', 'logGb', (machine.invocations * LOG_BYTES_PER_INVOCATION) / 1e9),
  ];
  return { items, usd: sumUsd(items), steps, requests, machine, compute };
}

/** What an account begins with. */
export const DEFAULT_CONCURRENCY = 1_000;
/** One line an attempt, its metrics, and what Lambda writes about each invocation. */
export const LOG_BYTES_PER_INVOCATION = 1_500;
/** A job that ends drops its segments; those of one that doesn't lie there until the lifecycle rule takes them. */
const WORK_HOURS = 1;
const FREE_SCRATCH_MB = 512;

const NAMES = ['plan', 'solo', 'sample', 'map', 'planReduce', 'reduce', 'check', 'commit', 'markFailed'] as const;
const MACHINE = buildStateMachine(Object.fromEntries(NAMES.map((name) => [name, name])) as FunctionArns);

function computeItems(compute: ComputeTime, sizes: FunctionSizes): readonly CostItem[] {
  const gbSeconds = (seconds: number, memoryMb: number) => (seconds * memoryMb) / MB_PER_GB;
  const scratchGb = Math.max(0, sizes.scratchMb - FREE_SCRATCH_MB) / MB_PER_GB;
  return [
    costItem('Lambda map', 'lambdaGbSecond', gbSeconds(compute.mapSeconds, sizes.mapMemoryMb)),
    costItem('Lambda reduce', 'lambdaGbSecond', gbSeconds(compute.reduceSeconds, sizes.reduceMemoryMb)),
    costItem('Lambda other', 'lambdaGbSecond', gbSeconds(compute.otherSeconds, sizes.otherMemoryMb)),
    costItem('Lambda scratch', 'lambdaScratchGbSecond', (compute.mapSeconds + compute.reduceSeconds) * scratchGb),
  ];
}

function workGbMonths(steps: readonly StepSize[]): number {
  const bytes = steps.reduce((total, step) => total + step.storedBytes, 0);
  return ((bytes / 1e9) * WORK_HOURS) / HOURS_PER_MONTH;
}
