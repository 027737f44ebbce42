import { assert, type Failure } from '../errors.ts';
import type { JobItem, JobState, Phase } from './task-ledger.ts';

/** A job as a ledger keeps it: what callers see, and the last move, by which a repeated one is known. Pure: ledgers store the answers. */
export type LedgerJob = {
  readonly job: JobItem;
  /** Of `setJobState` in the current run. */
  readonly lastMove?: { readonly from: JobState; readonly to: JobState };
};

/** The job under its new run, or undefined when the run is refused. */
export function startedRun({ job, lastMove }: LedgerJob, run: number, executionId: string, nowMs: number): LedgerJob | undefined {
  if (job.state === 'DONE') return undefined;
  if (job.run === run && job.executionId === executionId) return { job, ...(lastMove && { lastMove }) };
  if (job.run !== run - 1) return undefined;
  const { error: _, ...rest } = job;
  const state = job.state === 'FAILED' || job.state === 'CANCELLED' ? 'PLANNING' : job.state;
  return { job: { ...rest, state, run, executionId, updatedAtMs: nowMs } };
}

export type JobMove = {
  readonly from: JobState;
  readonly to: JobState;
  readonly run: number;
  readonly generations: readonly number[] | undefined;
  readonly error: Failure | undefined;
};

/** The job in its new state, or undefined when the move is refused. */
export function movedJob(record: LedgerJob, move: JobMove, nowMs: number): LedgerJob | undefined {
  const { job, lastMove } = record;
  const { from, to, run, generations, error } = move;
  if (job.run !== run) return undefined;
  if (job.state === to && lastMove?.from === from && lastMove.to === to) return record;
  if (job.state !== from || !mayMove(from, to)) return undefined;
  if (generations !== undefined && !sameNumbers(generations, job.generations)) return undefined;
  return { job: { ...job, state: to, updatedAtMs: nowMs, ...(error && { error }) }, lastMove: { from, to } };
}

/** COMMITTING only rolls forward (or back to its phase by `invalidate`), and DONE is final. */
export function mayMove(from: JobState, to: JobState): boolean {
  if (from === 'DONE') return false;
  return from !== 'COMMITTING' || to === 'DONE';
}

function sameNumbers(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((number, at) => number === right[at]);
}

/** May `run` invalidate commits of this job? */
export function mayInvalidate({ job }: LedgerJob, run: number): boolean {
  return job.run === run && job.state !== 'DONE';
}

/** The job after one commit of `phase` in `step` was invalidated. */
export function invalidatedJob({ job, lastMove }: LedgerJob, step: number, phase: Phase, nowMs: number): LedgerJob {
  assert(step < job.generations.length, 'a job has a generation for each of its steps');
  const generations = job.generations.map((generation, at) => (phase === 'map' && at === step ? generation + 1 : generation));
  const state = job.state === 'COMMITTING' ? (phase === 'map' ? 'MAPPING' : 'REDUCING') : job.state;
  const changed = { ...job, state, generations, updatedAtMs: nowMs };
  return state === job.state && lastMove ? { job: changed, lastMove } : { job: changed };
}

const ENDED: ReadonlySet<JobState> = new Set(['DONE', 'FAILED', 'CANCELLED']);

/** Has the job ended, as far as it will without being started again? An ended job gives up its output path to whoever asks. */
export function hasEnded(state: JobState): boolean {
  return ENDED.has(state);
}
