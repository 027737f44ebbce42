import { assert } from '../errors.ts';
import type { MapAccount, PartAccount } from '../job/attempt-account.ts';
import { CounterSum } from '../job/counters.ts';
import type { JobRecord } from '../job/job-record.ts';
import type { AttemptFile } from '../output/attempt-file.ts';
import {
  type AttemptCounts,
  balanceChain,
  balanceStep,
  type Receipt,
  type ReduceTotals,
  ReduceTotalsSum,
  type StepReceipt,
} from '../output/receipt.ts';
import { countAbandoned, type Phase } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { type MapTotals, MapTotalsSum } from '../shuffle/map-totals.ts';
import { readShuffleManifest } from '../shuffle/shuffle-manifest.ts';
import { readStepPlan } from '../split/plan-step.ts';
import { eachSplit } from '../split/read-splits.ts';
import type { Split } from '../split/split.ts';
import type { StepPlan } from '../split/step-plan.ts';
import { ITEMS_PER_PAGE, PackedList } from '../work/packed-list.ts';
import { eachTask } from '../work/read-tasks.ts';
import { buildShuffle } from './build-shuffle.ts';
import { allWinners, areStillWinners, FILES_IN_FLIGHT, isSolo, readWinnerFiles, type Winner } from './step-output.ts';

/** All that a step's final commits say: what Commit publishes, and what the receipt adds up. */
export type StepAccount = {
  readonly plan: StepPlan;
  readonly winners: PackedList<Winner>;
  /** Of each winner, in their order. All that is kept of its attempt file, since there may be very many. */
  readonly parts: PackedList<AttemptFile['parts']>;
  readonly map: MapTotals;
  readonly reduce: ReduceTotals;
};

/**
 * The accounts of every step, in order. `lost` when something of a final commit cannot be read, whose task is then to run again, or
 * when a task has no commit.
 * @param generations those that the job committed with
 * @param known accounts read before: one whose winners are still the same is not read again
 */
export async function readStepAccounts(
  world: World,
  job: JobRecord,
  run: number | undefined,
  generations: readonly number[],
  known: readonly StepAccount[] = [],
): Promise<readonly StepAccount[] | 'lost'> {
  const accounts: StepAccount[] = [];
  for (const step of job.shape.steps.keys()) {
    const plan = await readStepPlan(world, job.jobId, step);
    assert(plan !== undefined, 'a step that has ended was planned');
    const before = known[step];
    const isKnown = before !== undefined && (await areStillWinners(world, job.jobId, plan, before.winners));
    const account = isKnown ? before : await readStepAccount(world, job, plan, run, generations[step] ?? 0);
    if (account === 'lost') return 'lost';
    accounts.push(account);
  }
  return accounts;
}

/** Attempt files that are in memory together. */
const FILES_HELD = 8 * FILES_IN_FLIGHT;

async function readStepAccount(
  world: World,
  job: JobRecord,
  plan: StepPlan,
  run: number | undefined,
  generation: number,
): Promise<StepAccount | 'lost'> {
  const winners = await allWinners(world, job.jobId, plan);
  if (winners === undefined) return 'lost';
  const parts = new PackedList<AttemptFile['parts']>();
  const solo = isSolo(winners);
  const reduce = new ReduceTotalsSum();
  const map = plan.mapOnly && !solo ? new MapOnlyTotals(world, job, plan) : undefined;
  let soloMap: MapTotals | undefined;
  let lost = false;
  for (const batch of batchesOf(winners, FILES_HELD)) {
    const files = await readWinnerFiles(world, run, batch);
    if (files === 'lost') lost = true;
    if (files === 'lost' || lost) continue;
    for (const file of files) {
      parts.push(file.parts);
      reduce.add(file);
      await map?.add(file);
      soloMap = file.mapTotals;
    }
  }
  if (lost) return 'lost';
  if (solo) assert(soloMap !== undefined, 'the one attempt of Solo has summed its map side');
  const totals = soloMap ?? map?.finish() ?? (await shuffledTotals(world, job, plan, run, generation));
  return totals === 'lost' ? 'lost' : { plan, winners, parts, map: totals, reduce: reduce.finish() };
}

function* batchesOf<T>(items: PackedList<T>, batchSize: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += ITEMS_PER_PAGE) {
    const page = items.slice(start, start + ITEMS_PER_PAGE);
    for (let at = 0; at < page.length; at += batchSize) yield page.slice(at, at + batchSize);
  }
}

/** What the parts of a step's output hold, in order; every time it is asked anew, so that few are in memory. */
export function partsOf({ parts }: StepAccount): Iterable<PartAccount> {
  return {
    *[Symbol.iterator]() {
      for (const own of parts) for (const { account } of own) yield account;
    },
  };
}

/** Sums the attempt files of a map-only step, which come in the order of its splits. */
class MapOnlyTotals {
  private readonly totals = new MapTotalsSum();
  private readonly splits: AsyncGenerator<Split>;
  private readonly isLimited: boolean;

  constructor(world: World, job: JobRecord, plan: StepPlan) {
    this.splits = eachSplit(world, plan);
    this.isLimited = job.limit !== undefined;
  }

  async add(file: AttemptFile): Promise<void> {
    const { done, value: split } = await this.splits.next();
    assert(done !== true && split.index === file.index, 'a map-only step has one attempt file a split');
    this.totals.add(split, file.map as MapAccount, this.isLimited);
  }

  finish(): MapTotals {
    return this.totals.finish();
  }
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
  for (const { plan, map, reduce: reduceTotals } of accounts) {
    const { counters: reduceCounters, ...reduce } = reduceTotals;
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
  const output = { parts: 0, records: 0, bytes: 0 };
  for (const part of partsOf(accounts.at(-1)!)) {
    output.parts += 1;
    output.records += part.records;
    output.bytes += part.bytes;
  }
  return {
    jobId: job.jobId,
    run,
    steps,
    output,
    counters: counters.totals(),
    elapsedMs: Math.max(0, world.clock.nowMs() - job.createdAtMs),
  };
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
