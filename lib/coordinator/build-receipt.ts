import { assert } from '../errors.ts';
import type { MapAccount } from '../job/attempt-account.ts';
import { CounterSum } from '../job/counters.ts';
import type { JobRecord } from '../job/job-record.ts';
import type { AttemptFile } from '../output/attempt-file.ts';
import {
  type AttemptCounts,
  balanceChain,
  balanceStep,
  type Receipt,
  reduceTotals,
  type StepReceipt,
} from '../output/receipt.ts';
import { countAbandoned, type Phase } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { type MapTotals, MapTotalsSum } from '../shuffle/map-totals.ts';
import { readShuffleManifest } from '../shuffle/shuffle-manifest.ts';
import { readStepPlan } from '../split/plan-step.ts';
import { eachSplit } from '../split/read-splits.ts';
import type { StepPlan } from '../split/step-plan.ts';
import { eachTask } from '../work/read-tasks.ts';
import { buildShuffle } from './build-shuffle.ts';
import { allWinners, readWinnerFiles, type Winner } from './step-output.ts';

/** All that a step's final commits say: what Commit publishes, and what the receipt adds up. */
export type StepAccount = {
  readonly plan: StepPlan;
  readonly winners: readonly Winner[];
  /** In the order of the winners. */
  readonly files: readonly AttemptFile[];
  readonly map: MapTotals;
};

/**
 * The accounts of every step, in order. `lost` when something of a final commit cannot be read, whose task is then to run again, or
 * when a task has no commit.
 * @param generations those that the job committed with
 * @param known attempt files read before, by key
 */
export async function readStepAccounts(
  world: World,
  job: JobRecord,
  run: number | undefined,
  generations: readonly number[],
  known: Map<string, AttemptFile>,
): Promise<readonly StepAccount[] | 'lost'> {
  const accounts: StepAccount[] = [];
  for (const step of job.shape.steps.keys()) {
    const plan = await readStepPlan(world, job.jobId, step);
    assert(plan !== undefined, 'a step that has ended was planned');
    const account = await readStepAccount(world, job, plan, run, generations[step] ?? 0, known);
    if (account === 'lost') return 'lost';
    accounts.push(account);
  }
  return accounts;
}

async function readStepAccount(
  world: World,
  job: JobRecord,
  plan: StepPlan,
  run: number | undefined,
  generation: number,
  known: Map<string, AttemptFile>,
): Promise<StepAccount | 'lost'> {
  const winners = await allWinners(world, job.jobId, plan);
  if (winners === undefined) return 'lost';
  const files = await readWinnerFiles(world, run, winners, known);
  if (files === 'lost') return 'lost';
  const map = await mapTotals(world, job, plan, run, generation, winners, files);
  return map === 'lost' ? 'lost' : { plan, winners, files, map };
}

async function mapTotals(
  world: World,
  job: JobRecord,
  plan: StepPlan,
  run: number | undefined,
  generation: number,
  winners: readonly Winner[],
  files: readonly AttemptFile[],
): Promise<MapTotals | 'lost'> {
  if (winners[0]?.isSolo) {
    const totals = files[0]?.mapTotals;
    assert(totals !== undefined, 'the one attempt of Solo has summed its map side');
    return totals;
  }
  return plan.mapOnly ? await mapOnlyTotals(world, job, plan, files) : await shuffledTotals(world, job, plan, run, generation);
}

/** Those of the index; an index that is lost by now is written anew, where that may invalidate commits. */
async function shuffledTotals(
  world: World,
  job: JobRecord,
  plan: StepPlan,
  run: number | undefined,
  generation: number,
): Promise<MapTotals | 'lost'> {
  const manifest = await readShuffleManifest(world, job.jobId, plan.step, generation);
  if (manifest !== undefined) return manifest.totals;
  if (run === undefined || (await buildShuffle(world, job, plan, run)) === 'lost') return 'lost';
  return (await readShuffleManifest(world, job.jobId, plan.step, generation))?.totals ?? 'lost';
}

/**
 * The job's account over its final commits, with every equation checked.
 * @throws ReceiptError
 */
export async function buildReceipt(
  world: World,
  job: JobRecord,
  run: number,
  accounts: readonly StepAccount[],
): Promise<Receipt> {
  const steps: StepReceipt[] = [];
  const counters = new CounterSum();
  for (const { plan, files, map } of accounts) {
    const { counters: reduceCounters, ...reduce } = reduceTotals(files);
    const receipt: StepReceipt = {
      name: job.shape.steps[plan.step]!.name,
      map: { ...map, ...(await attemptsOf(world, job.jobId, plan.step, 'map')) },
      reduce: { ...reduce, ...(await attemptsOf(world, job.jobId, plan.step, 'reduce')) },
    };
    balanceStep(receipt, plan.mapOnly);
    steps.push(receipt);
    counters.add(map.counters);
    counters.add(reduceCounters);
  }
  balanceChain(job.shape, steps);
  const parts = accounts.at(-1)!.files.flatMap((file) => file.parts.map((part) => part.account));
  const sum = (name: 'records' | 'bytes') => parts.reduce((total, part) => total + part[name], 0);
  return {
    jobId: job.jobId,
    run,
    steps,
    output: { parts: parts.length, records: sum('records'), bytes: sum('bytes') },
    counters: counters.totals(),
    elapsedMs: Math.max(0, world.clock.nowMs() - job.createdAtMs),
  };
}

async function mapOnlyTotals(world: World, job: JobRecord, plan: StepPlan, files: readonly AttemptFile[]): Promise<MapTotals> {
  const totals = new MapTotalsSum();
  for await (const split of eachSplit(world, plan))
    totals.add(split, files[split.index]!.map as MapAccount, job.limit !== undefined);
  return totals.finish();
}

async function attemptsOf(
  world: World,
  jobId: string,
  step: number,
  phase: Phase,
): Promise<{ tasks: number; attempts: AttemptCounts }> {
  let tasks = 0;
  const attempts = { begun: 0, committed: 0, lost: 0, failed: 0, invalidated: 0, abandoned: 0 };
  for await (const item of eachTask(world, jobId, step, phase)) {
    tasks++;
    attempts.begun += item.attempts;
    attempts.committed += item.commit === undefined ? 0 : 1;
    attempts.lost += item.lost;
    attempts.failed += item.failed;
    attempts.invalidated += item.invalidated.length;
    attempts.abandoned += countAbandoned(item);
  }
  return { tasks, attempts };
}
