import { checkOutput } from '../../coordinator/claim-output.ts';
import { refuseSpentBudget } from '../../coordinator/job-budget.ts';
import { registerJob } from '../../coordinator/open-job.ts';
import { assertNever, RefoldError } from '../../errors.ts';
import type { JobRecord } from '../../job/job-record.ts';
import type { SuccessFile } from '../../output/success-file.ts';
import { hasEnded } from '../../ports/ledger-job.ts';
import type { JobItem } from '../../ports/task-ledger.ts';
import type { World } from '../../ports/world.ts';
import { encodeJson } from '../../work/json-object.ts';
import { runKey } from '../../work/work-layout.ts';
import { priceOfTasks } from '../cost/price-of-tasks.ts';
import { type ExecutionState, type Executions, executionName } from './executions.ts';
import { findLife } from './job-lives.ts';
import { takeLease } from './output-lease.ts';
import type { RunRecord, RunSettings } from './run-record.ts';

export type Starter = {
  readonly world: Pick<World, 'ledger' | 'work' | 'openOutput' | 'clock'>;
  readonly executions: Executions;
};

export type StartOptions = {
  /** Of the run that is started; of one that is under way already, the one that it was started with holds. */
  readonly run: RunSettings;
  /** A job that was started before and has ended: `take-up` where it stood, as a person means who starts it again, or `leave` it so. */
  readonly ended: 'take-up' | 'leave';
};

export type StartedJob =
  /** Also when another starter got there first with the same job. */
  | { readonly kind: 'started'; readonly record: JobRecord; readonly run: number }
  | { readonly kind: 'running'; readonly record: JobRecord; readonly run: number }
  | { readonly kind: 'done'; readonly record: JobRecord; readonly success: SuccessFile }
  /** It has ended, and was to be left so. */
  | { readonly kind: 'left'; readonly record: JobRecord; readonly run: number };

/** The job is started, stopped and started again by others faster than this starter can look. */
export class StartContendedError extends RefoldError {
  override readonly name = 'StartContendedError';
  readonly code = 'REFOLD_START_CONTENDED';
  readonly retryable = true;
  readonly hint = 'Wait a moment, look at refold status, and start it again.';
  constructor(values: { jobId: string; run: number }, options?: ErrorOptions) {
    super(`${values.jobId} could not be started: others started it ${values.run} times meanwhile.`, values, options);
  }
}

/** Each try ends one run that is over; more than a job has had in the 90 days in which names of executions are kept. */
const TRIES_MAX = 200;

/**
 * Starts a job, once, however many starters try and wherever they die. Every step is a conditional write or may be repeated: the job's
 * item (its id is its content), the run (numbered; its execution is named by the number), the run's record, and the execution, which starts
 * once by its name. A starter that finds a run without an execution goes on with that run.
 * @throws OutputOccupiedError, OutputLeasedError, BudgetExceededError, StartContendedError, before anything runs
 */
export async function startJob(starter: Starter, given: JobRecord, options: StartOptions): Promise<StartedJob> {
  const { world } = starter;
  if (options.ended === 'leave') {
    const known = await world.ledger.readJob(given.jobId);
    if (known?.state === 'DONE') return { kind: 'left', record: given, run: known.run }; // Wherever its output is by now.
  }
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const life = await findLife(world, given);
    if (life.kind === 'done') return life;
    const { record } = life;
    const job = await world.ledger.readJob(record.jobId);
    const decision = decideStart(job, await executionOf(starter, job), options.ended);
    switch (decision.kind) {
      case 'running':
      case 'left':
        return { kind: decision.kind, record, run: decision.run };
      case 'look-again':
        break;
      case 'start': {
        // What is committing costs no more attempts, and only rolls forward.
        if (decision.run > 1 && job?.state !== 'COMMITTING') await checkBudget(world, record, options.run.budgetUsd);
        const name = executionName(record.jobId, decision.run - 1);
        if (decision.stopsBefore) await starter.executions.stop(name, STOPPED_FOR_NEXT_RUN);
        const run = { ...options.run, overwrite: options.run.overwrite || life.ownsRest };
        const answer = await startRun(starter, record, decision.run, run);
        if (answer !== undefined) return { kind: answer, record, run: decision.run };
        break;
      }
      default:
        assertNever(decision);
    }
  }
  throw new StartContendedError({ jobId: given.jobId, run: TRIES_MAX });
}

async function checkBudget(world: Starter['world'], { jobId, shape }: JobRecord, budgetUsd: number | null): Promise<void> {
  if (budgetUsd !== null) await refuseSpentBudget(world, { jobId, steps: shape.steps.length }, budgetUsd, priceOfTasks);
}

const STOPPED_FOR_NEXT_RUN = { error: 'RunReplaced', cause: 'The job had ended, and is started again.' };

async function executionOf({ executions }: Starter, job: JobItem | undefined): Promise<ExecutionState> {
  if (job === undefined || job.run === 0) return { kind: 'missing' };
  return await executions.describe(executionName(job.jobId, job.run));
}

type StartDecision =
  | { readonly kind: 'running' | 'left'; readonly run: number }
  /** `stopsBefore`: the run before has ended in the ledger, and its execution is about to. */
  | { readonly kind: 'start'; readonly run: number; readonly stopsBefore: boolean }
  /** It was done between two looks. */
  | { readonly kind: 'look-again' };

/** Pure. */
export function decideStart(
  job: Pick<JobItem, 'state' | 'run'> | undefined,
  execution: ExecutionState,
  ended: StartOptions['ended'],
): StartDecision {
  if (job === undefined) return { kind: 'start', run: 1, stopsBefore: false };
  const { run, state } = job;
  if (state === 'DONE') return { kind: 'look-again' };
  if (hasEnded(state)) {
    return ended === 'leave' ? { kind: 'left', run } : { kind: 'start', run: run + 1, stopsBefore: execution.kind === 'running' };
  }
  if (execution.kind === 'running') return { kind: 'running', run };
  if (run > 0 && execution.kind === 'missing') return { kind: 'start', run, stopsBefore: false }; // Its starter died.
  // The run's execution ended and nobody has written so, or there was no run yet.
  return ended === 'leave' && run > 0 ? { kind: 'left', run } : { kind: 'start', run: run + 1, stopsBefore: false };
}

/** Undefined: the job has moved on meanwhile; look again. */
async function startRun(
  { world, executions }: Starter,
  record: JobRecord,
  run: number,
  options: RunSettings,
): Promise<'started' | 'running' | undefined> {
  const { jobId } = record;
  const name = executionName(jobId, run);
  const found = await checkOutput(world, record, options.overwrite);
  await takeLease(world, executions, record); // A job that is refused here is not even known.
  await registerJob(world, record, found);
  const answer = await world.ledger.startRun(jobId, run, name);
  if (answer.kind === 'refused') return undefined;
  await takeLease(world, executions, record); // A job that was not known, or had ended, did not hold it against others.
  const runRecord: RunRecord = { format: 1, run, ...options };
  await world.work.putIfAbsent(runKey(jobId, run), encodeJson(runRecord));
  if ((await executions.start(name, { jobId, run })) === 'started') return 'started';
  // An execution of that name has ended: another starter's of this very run, or one that is not of this run.
  const now = await world.ledger.readJob(jobId);
  return now?.run === run && !hasEnded(now.state) ? undefined : 'running';
}
