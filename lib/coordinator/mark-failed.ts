import type { Failure } from '../errors.ts';
import { TASK_CANCELLED } from '../job/failure.ts';
import { countAbandoned, type JobState, type Phase, type TaskItem } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { eachTask } from '../work/read-tasks.ts';
import type { Flow } from './advance-job.ts';
import { readJobItem } from './job-access.ts';
import { LOST_WORK } from './lost-work.ts';
import type { MarkFailedAnswer, MarkFailedCall } from './machine-call.ts';
import { STATE_TRIES_MAX, StateContestedError } from './state-contested-error.ts';
import { failureFromCause } from './task-error.ts';

/** What a distributed map fails with, whatever happened in it; under watch it may be told as the failure of its branch. */
const PHASE_FAILED: ReadonlySet<string> = new Set(['States.ExceedToleratedFailureThreshold', 'States.BranchFailed']);

/** Failures of attempts that were stopped with the phase, or that came round because something they read was lost. */
const SAYING_NOTHING: ReadonlySet<string> = new Set([TASK_CANCELLED, LOST_WORK]);

/**
 * The MarkFailed state: the job is FAILED with the first real cause. Throws nothing away: a new run takes the job up where it stood.
 * COMMITTING never fails, and a newer run's job is left alone. @throws StateContestedError
 */
export async function markFailed(flow: Flow, call: MarkFailedCall): Promise<MarkFailedAnswer> {
  const { world } = flow;
  const { jobId, run } = call;
  const failure = await firstCause(world, call);
  for (let tries = 1; ; tries++) {
    const job = await readJobItem(world, jobId);
    if (job.run !== run || !isFailable(job.state)) break;
    const answer = await world.ledger.setJobState(jobId, job.state, 'FAILED', run, { error: failure });
    if (answer.kind === 'moved') break;
    if (tries === STATE_TRIES_MAX) throw new StateContestedError({ jobId, run, to: 'FAILED' });
  }
  return { error: failure.name, cause: JSON.stringify(failure) };
}

function isFailable(state: JobState): boolean {
  return state !== 'DONE' && state !== 'COMMITTING' && state !== 'CANCELLED' && state !== 'FAILED';
}

/**
 * What the machine saw says nothing when a phase failed: the failing attempt has recorded the cause in the ledger. CheckPhase, which runs
 * with the same `at`, says itself what it failed with.
 */
async function firstCause(world: World, call: MarkFailedCall): Promise<Failure> {
  const { at } = call;
  const isPhase = PHASE_FAILED.has(call.failure.Error) && (at.next === 'map' || at.next === 'reduce');
  if (isPhase) {
    const { worst, lost } = await findWorst(world, call.jobId, at.step, at.next);
    if (worst?.lastFailure !== undefined) return worst.lastFailure;
    if (lost !== undefined) return lost;
  }
  const told = failureFromCause(call.failure.Error, call.failure.Cause);
  return at.next === 'solo' ? await recordedOfSolo(world, call.jobId, at.step, told) : told;
}

/**
 * The task whose failure is told, and that of a sandbox that was lost. First a task without a commit: one may have been lost after it had
 * committed. Then one that failed for good before one that may be tried again; then the lowest index, so that reruns agree. Of many tasks, a
 * page is in memory at a time.
 */
async function findWorst(
  world: World,
  jobId: string,
  step: number,
  phase: Phase,
): Promise<{ readonly worst: TaskItem | undefined; readonly lost: Failure | undefined }> {
  let worst: TaskItem | undefined;
  let open: TaskItem | undefined;
  for await (const task of eachTask(world, jobId, step, phase)) {
    const isTold = task.lastFailure !== undefined && !SAYING_NOTHING.has(task.lastFailure.code);
    if (isTold && (worst === undefined || compareFailed(task, worst) < 0)) worst = task;
    const isOpen = task.commit === undefined && countAbandoned(task) > 1;
    if (isOpen && (open === undefined || countAbandoned(task) > countAbandoned(open))) open = task;
  }
  return { worst, lost: open === undefined ? undefined : lostSandbox(open, phase) };
}

function compareFailed(a: TaskItem, b: TaskItem): number {
  return (
    Number(a.commit !== undefined) - Number(b.commit !== undefined) ||
    Number(a.lastFailure?.retryable) - Number(b.lastFailure?.retryable) ||
    b.failed - a.failed ||
    a.index - b.index
  );
}

/** The failure that Solo's attempt has recorded, if that is what the machine saw: a function on Lambda leaves its details to the ledger. */
async function recordedOfSolo(world: World, jobId: string, step: number, told: Failure): Promise<Failure> {
  const recorded = (await world.ledger.readTask({ jobId, step, phase: 'reduce', index: 0 }))?.lastFailure;
  return recorded?.code === told.code && recorded.name === told.name ? recorded : told;
}

/**
 * The task whose attempts ended nowhere most often: nothing that ran in its sandboxes lived to say why. One such attempt may as well be
 * under way still.
 */
function lostSandbox(task: TaskItem, phase: Phase): Failure {
  const attempts = countAbandoned(task);
  return {
    name: 'SandboxLostError',
    code: 'REFOLD_SANDBOX_LOST',
    message: `The sandbox of ${phase} task ${task.index} was lost ${attempts} times in mid-task: killed, out of memory, or out of time.`,
    hint: 'Give the functions more memory or time, or make tasks smaller with --split-bytes or --reduce-tasks.',
    retryable: true,
    values: { phase, index: task.index, attempts },
  };
}
