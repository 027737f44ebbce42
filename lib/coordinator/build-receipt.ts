import { assert } from '../errors.ts';
import type { MapAccount } from '../job/attempt-account.ts';
import { addCounters } from '../job/counters.ts';
import type { JobRecord } from '../job/job-record.ts';
import { type AttemptFile, readAttemptFile } from '../output/attempt-file.ts';
import { type MapTotals, MapTotalsSum } from '../output/map-totals.ts';
import { type AttemptCounts, balanceStep, type Receipt, reduceTotals, type StepReceipt } from '../output/receipt.ts';
import type { Phase, TaskItem } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { readShuffleManifest } from '../shuffle/shuffle-manifest.ts';
import { readStepPlan } from '../split/plan-step.ts';
import { parseSplit } from '../split/split.ts';
import type { StepPlan } from '../split/step-plan.ts';
import { attemptKeysOf, isSolo } from './decide-next.ts';
import { readAllTasks, readJobItem } from './job-access.ts';

/**
 * The job's account over its final commits, with every equation checked.
 * @param lastFiles attempt files of the last step, which Commit has read already
 * @throws ReceiptError
 */
export async function buildReceipt(world: World, job: JobRecord, run: number, lastFiles: readonly AttemptFile[]): Promise<Receipt> {
  const steps: StepReceipt[] = [];
  const counters: Record<string, number> = {};
  for (const step of job.shape.steps.keys()) {
    const isLast = step === job.shape.steps.length - 1;
    const { receipt, counters: more } = await stepReceipt(world, job, step, isLast ? lastFiles : undefined);
    steps.push(receipt);
    for (const totals of more) addCounters(counters, totals);
  }
  const parts = lastFiles.flatMap((file) => file.parts.map((part) => part.account));
  const sum = (name: 'records' | 'bytes') => parts.reduce((total, part) => total + part[name], 0);
  return {
    jobId: job.jobId,
    run,
    steps,
    output: { parts: parts.length, records: sum('records'), bytes: sum('bytes') },
    counters,
    elapsedMs: Math.max(0, world.clock.nowMs() - job.createdAtMs),
  };
}

type Counters = Receipt['counters'];

async function stepReceipt(
  world: World,
  job: JobRecord,
  step: number,
  known: readonly AttemptFile[] | undefined,
): Promise<{ receipt: StepReceipt; counters: readonly Counters[] }> {
  const plan = await readStepPlan(world, job.jobId, step);
  assert(plan !== undefined, 'a step that has ended was planned');
  const solo = await isSolo(world, job.jobId, plan);
  const files = known ?? (await readStepFiles(world, job.jobId, step, plan.mapOnly && !solo ? 'map' : 'reduce'));
  const map = solo ? soloTotals(files) : plan.mapOnly ? await mapOnlyTotals(world, job, plan, files) : await shuffledTotals(world, job, plan);
  const { counters, ...reduce } = reduceTotals(files);
  const receipt: StepReceipt = {
    name: job.shape.steps[step]!.name,
    map: { ...map, ...(await attemptsOf(world, job.jobId, step, 'map')) },
    reduce: { ...reduce, ...(await attemptsOf(world, job.jobId, step, 'reduce')) },
  };
  balanceStep(receipt, plan.mapOnly);
  return { receipt, counters: [map.counters, counters] };
}

async function readStepFiles(world: World, jobId: string, step: number, phase: Phase): Promise<readonly AttemptFile[]> {
  const keys = await attemptKeysOf(world, jobId, step, phase);
  const files: AttemptFile[] = [];
  for (const [, { attemptKey }] of [...keys].toSorted(([a], [b]) => a - b)) files.push(await readAttemptFile(world, attemptKey));
  return files;
}

function soloTotals(files: readonly AttemptFile[]): MapTotals {
  const totals = files[0]?.mapTotals;
  assert(totals !== undefined, 'the one attempt of Solo has summed its map side');
  return totals;
}

async function shuffledTotals(world: World, job: JobRecord, plan: StepPlan): Promise<MapTotals> {
  const generation = (await readJobItem(world, job.jobId)).generations[plan.step] ?? 0;
  const manifest = await readShuffleManifest(world, job.jobId, plan.step, generation);
  assert(manifest !== undefined, 'the generation that is committed has an index');
  return manifest.totals;
}

async function mapOnlyTotals(world: World, job: JobRecord, plan: StepPlan, files: readonly AttemptFile[]): Promise<MapTotals> {
  const totals = new MapTotalsSum();
  for (const chunk of plan.chunks) {
    const rows = await world.work.read(chunk.key);
    let byteStart = 0;
    for (const [offset, byteEnd] of chunk.rowEnds.entries()) {
      totals.add(parseSplit(rows.subarray(byteStart, byteEnd)), files[chunk.firstSplit + offset]!.map as MapAccount, job.limit !== undefined);
      byteStart = byteEnd;
    }
  }
  return totals.finish();
}

async function attemptsOf(world: World, jobId: string, step: number, phase: Phase): Promise<{ tasks: number; attempts: AttemptCounts }> {
  const items: readonly TaskItem[] = [...(await readAllTasks(world, jobId, step, phase)).values()];
  const sum = (count: (item: TaskItem) => number) => items.reduce((total, item) => total + count(item), 0);
  const begun = sum((item) => item.attempts);
  const committed = sum((item) => (item.commit === undefined ? 0 : 1));
  const lost = sum((item) => item.lost);
  const failed = sum((item) => item.failed);
  const invalidated = sum((item) => item.invalidated.length);
  return { tasks: items.length, attempts: { begun, committed, lost, failed, invalidated, abandoned: begun - committed - lost - failed - invalidated } };
}
