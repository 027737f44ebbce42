import { COMMIT_ATTEMPTS_PER_CALL } from '../../coordinator/commit.ts';
import { PUT_BYTES_MAX } from '../../shuffle/segment-upload.ts';
import { ROWS_PER_CHUNK } from '../../split/step-plan.ts';
import { countParts, GET_BYTES_MAX, ONE_PUT_BYTES_MAX } from '../s3/transfer-sizes.ts';
import type { MachinePath } from './count-transitions.ts';
import { outputTasks, type StepSize } from './step-size.ts';

/** Requests by what they cost. */
export type RequestTotals = {
  /** PUT, and the calls of a multipart upload. */
  readonly s3Put: number;
  /** GET and HEAD. */
  readonly s3Get: number;
  readonly s3List: number;
  /** Units of the ledger. */
  readonly ledgerWrites: number;
  readonly ledgerReads: number;
};

/** Objects a page of a listing. */
const PAGE = 1_000;
/** Tasks that come with one page of the ledger, about: 1 MB of items. */
const LEDGER_PAGE_TASKS = 1_000;
/** Shards of a phase's tasks in the ledger: each is a query. */
const LEDGER_SHARDS = 16;
/** 4 KB of the ledger a read unit; what is known of a task takes half a KB. */
const TASKS_PER_READ_UNIT = 8;
/** What PlanReduce reads whole, up to this size. */
const INDEX_CHUNK_WHOLE_BYTES = 1024 * 1024;
/** Bytes of the index a row that is not empty, about. */
const INDEX_ROW_BYTES = 14;

class Totals implements RequestTotals {
  s3Put = 0;
  s3Get = 0;
  s3List = 0;
  ledgerWrites = 0;
  ledgerReads = 0;
}

/**
 * Requests of an undisturbed run: those of starting it, of the deciding functions as often as the machine calls them, and of every task.
 * @param sandboxes that run tasks: each reads once what all of its tasks share
 */
export function countRequests(steps: readonly StepSize[], path: MachinePath, sandboxes: number): RequestTotals {
  const totals = new Totals();
  addStart(totals, steps);
  for (const _ of path.answers) addDecision(totals, steps);
  for (const step of steps) {
    addPlan(totals, step);
    if (step.sampled) addSample(totals, step);
    if (step.solo) addSolo(totals, step);
    else {
      addMap(totals, step, sandboxes);
      if (!step.mapOnly) {
        addPlanReduce(totals, step);
        addReduce(totals, step, sandboxes);
      }
    }
  }
  addCommit(totals, steps);
  return totals;
}

/** Listing, job.json, the run's record, ledger items, lease, and what lies at the output. */
function addStart(totals: Totals, [first]: readonly StepSize[]): void {
  totals.s3List += pages(first?.objects ?? 0) + 2;
  totals.s3Get += 4;
  totals.s3Put += 3;
  totals.ledgerReads += 4;
  totals.ledgerWrites += 6;
}

/** A look at every step: its plan, index and groups, and all of its tasks. Then the job's state moves, and a task list is written. */
function addDecision(totals: Totals, steps: readonly StepSize[]): void {
  totals.s3Get += 3;
  totals.s3Put += 1;
  totals.ledgerReads += 4;
  totals.ledgerWrites += 2;
  for (const step of steps) {
    totals.s3Get += 6;
    totals.ledgerReads += readTasks(step.splits) + readTasks(step.reduceTasks);
  }
}

function addPlan(totals: Totals, step: StepSize): void {
  totals.s3List += pages(step.objects);
  totals.s3Get += 2 + step.probes;
  totals.s3Put += step.chunks + 1;
}

/** The first MiB of up to 64 splits. */
function addSample(totals: Totals, step: StepSize): void {
  totals.s3Get += 3 + 4 * Math.min(64, step.splits);
  totals.s3Put += 1;
}

function addMap(totals: Totals, step: StepSize, sandboxes: number): void {
  const { splits } = step;
  // A sandbox keeps the plan.
  totals.s3Get += Math.min(splits, sandboxes) * (GETS_PER_SANDBOX + 1);
  // Its row, and boundaries.
  totals.s3Get += splits * (1 + Number(step.sampled)) + inputGets(step);
  if (step.mapOnly) addOutput(totals, splits, step.outputBytes);
  else totals.s3Put += splits * segmentPuts(step.storedBytes / Math.max(1, splits));
  totals.ledgerWrites += splits * WRITES_PER_TASK;
  totals.ledgerReads += splits;
}

/** job.json and the run's record; code that was published without a deploy. */
const GETS_PER_SANDBOX = 3;
/** Begin and commit, each of an item of up to 1 KB, and what a transaction adds. */
const WRITES_PER_TASK = 3;

/** A range begins with a look at the object's first bytes, where it does not start there, and a short first read; it ends a little behind itself. */
export function inputGets({ ranges, inputBytes, splits }: StepSize): number {
  if (ranges === 0) return 0;
  return ranges * (1 + Math.max(0, Math.ceil((inputBytes / ranges + TAIL_BYTES - FIRST_READ_BYTES) / GET_BYTES_MAX))) + splits;
}

export const FIRST_READ_BYTES = 1024 * 1024;
const TAIL_BYTES = 4 * 1024 + 1;

/** Every segment's footer, the split rows again, the chunks of the index, manifest and groups. */
function addPlanReduce(totals: Totals, step: StepSize): void {
  totals.s3Get += step.splits + step.chunks + 6;
  totals.s3Put += step.chunks + 2;
  totals.ledgerReads += 2 + readTasks(step.splits);
}

function addReduce(totals: Totals, step: StepSize, sandboxes: number): void {
  const { splits, partitions, reduceTasks, chunks } = step;
  totals.s3Get += Math.min(reduceTasks, sandboxes) * GETS_PER_SANDBOX;
  // Manifest, row, and the groups, to know how many there are.
  totals.s3Get += reduceTasks * 4;
  const chunkBytes = Math.min(splits, ROWS_PER_CHUNK) * partitions * INDEX_ROW_BYTES;
  totals.s3Get += reduceTasks * chunks * (chunkBytes <= INDEX_CHUNK_WHOLE_BYTES ? 1 : 2);
  totals.s3Get += shuffleGets(step);
  addOutput(totals, reduceTasks, step.outputBytes);
  totals.ledgerWrites += reduceTasks * WRITES_PER_TASK;
  totals.ledgerReads += reduceTasks * 3;
}

/** A range of every segment a task, in pieces where a range is long; no more ranges than there may be records in them. */
export function shuffleGets({ splits, reduceTasks, shuffleBytes, storedBytes }: StepSize): number {
  const ranges = Math.min(splits * reduceTasks, Math.ceil(shuffleBytes / RECORD_BYTES_LEAST));
  return Math.max(ranges, Math.ceil(storedBytes / PIECE_BYTES));
}

/** A range has a record at least. */
const RECORD_BYTES_LEAST = 8;
const PIECE_BYTES = 8 * 1024 * 1024;

function addSolo(totals: Totals, step: StepSize): void {
  totals.s3Get += GETS_PER_SANDBOX + 2 * step.chunks + 3 + inputGets(step);
  addOutput(totals, Math.max(1, step.mapOnly ? step.splits : step.reduceTasks), step.outputBytes);
  totals.ledgerWrites += WRITES_PER_TASK;
  totals.ledgerReads += 3;
}

/** Each task begins an upload, sends its parts, and writes down what it left. */
function addOutput(totals: Totals, tasks: number, bytes: number): void {
  totals.s3Put += tasks * (2 + countParts(bytes / Math.max(1, tasks)));
}

/**
 * A part of output is looked for, then its upload completed; the files of all attempts are read, and of the last step by each call that
 * publishes some, once more by the last of several.
 */
function addCommit(totals: Totals, steps: readonly StepSize[]): void {
  for (const step of steps) {
    totals.s3Get += 4 + outputTasks(step);
    totals.ledgerReads += 2 * (readTasks(step.splits) + readTasks(step.reduceTasks));
  }
  const last = steps.at(-1);
  const parts = last === undefined ? 0 : Math.max(1, last.mapOnly ? last.splits : last.reduceTasks);
  if (parts > COMMIT_ATTEMPTS_PER_CALL) totals.s3Get += 2 * parts;
  totals.s3Get += 2 * parts + 8;
  totals.s3Put += parts + 5;
  totals.s3List += 2 * pages(parts) + 4;
  totals.ledgerReads += 6;
  totals.ledgerWrites += 4;
}

function segmentPuts(bytes: number): number {
  return bytes <= PUT_BYTES_MAX ? 1 : 2 + countParts(bytes, ONE_PUT_BYTES_MAX);
}

function readTasks(tasks: number): number {
  return tasks === 0 ? 0 : LEDGER_SHARDS + Math.ceil(tasks / LEDGER_PAGE_TASKS) + Math.ceil(tasks / TASKS_PER_READ_UNIT);
}

function pages(objects: number): number {
  return Math.max(1, Math.ceil(objects / PAGE));
}
