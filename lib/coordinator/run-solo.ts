import { assert } from '../errors.ts';
import type { AttemptControl } from '../job/attempt-control.ts';
import type { JobRecord } from '../job/job-record.ts';
import type { Step } from '../job/step.ts';
import { dropSpareMemory } from '../map/map-memory.ts';
import { runMapAttempt } from '../map/run-map-attempt.ts';
import { mapToFile } from '../map/run-map-only-attempt.ts';
import { MemoryObjectStore } from '../memory/memory-object-store.ts';
import { MemoryTaskLedger } from '../memory/memory-task-ledger.ts';
import { type AttemptFile, writeAttemptFile } from '../output/attempt-file.ts';
import type { OutputResult } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { reduceToFile } from '../reduce/run-reduce-attempt.ts';
import { MapTotalsSum } from '../shuffle/map-totals.ts';
import { readReduceGroups } from '../shuffle/reduce-groups.ts';
import { readShuffleManifest } from '../shuffle/shuffle-manifest.ts';
import { readSplits } from '../split/read-splits.ts';
import type { Split } from '../split/split.ts';
import type { StepPlan } from '../split/step-plan.ts';
import { encodeJson } from '../work/json-object.ts';
import { boundariesKey, reduceAttemptKey, stepPlanKey } from '../work/work-layout.ts';
import { buildShuffle } from './build-shuffle.ts';

export type Solo = {
  readonly world: World;
  readonly job: JobRecord;
  readonly step: Step;
  readonly plan: StepPlan;
  /** All of the plan, with the pairs that are committed now. @default as planned */
  readonly splits?: readonly Split[];
  readonly attempt: number;
  readonly concurrency: number;
  readonly control: AttemptControl;
  /** For testJob: see MapAttempt. */
  readonly records?: Readonly<Record<string, readonly unknown[]>>;
};

/**
 * A whole step in one sandbox, as one task of the ledger: the same splits, partitions and programs, with segments and commits in memory. So
 * the same content comes out. Commits nothing: the caller does.
 */
export async function runSolo(solo: Solo): Promise<OutputResult> {
  const { world, job, plan, control } = solo;
  const splits = solo.splits ?? (await readSplits(world, plan));
  const file = plan.mapOnly ? await soloMapOnly(solo, splits) : await soloPhases(solo, splits);
  const attemptKey = reduceAttemptKey(job.jobId, plan.step, 0, control.attemptId);
  await writeAttemptFile(world, attemptKey, file);
  return { kind: 'reduce', attemptKey, digest: '', generation: 0 };
}

async function soloMapOnly(solo: Solo, splits: readonly Split[]): Promise<AttemptFile> {
  const { job, plan, control } = solo;
  const totals = new MapTotalsSum();
  const files: AttemptFile[] = [];
  for (const split of splits) {
    const task = { jobId: job.jobId, step: plan.step, phase: 'map', index: split.index } as const;
    const file = await mapToFile({ ...solo, task, split });
    totals.add(split, file.map!, job.limit !== undefined);
    files.push(file);
  }
  const parts = files.flatMap((file) => file.parts);
  return {
    format: 1,
    attemptId: control.attemptId,
    index: 0,
    mapTotals: totals.finish(),
    reduces: [],
    parts,
    pairs: files.flatMap((file) => file.pairs),
  };
}

async function soloPhases(solo: Solo, splits: readonly Split[]): Promise<AttemptFile> {
  const { world, job, step, plan, control } = solo;
  const inside = await insideWorld(solo, splits);
  for (const split of splits) {
    const task = { jobId: job.jobId, step: plan.step, phase: 'map', index: split.index } as const;
    const result = await runMapAttempt({ ...solo, world: inside, task, split });
    await inside.ledger.commit(task, control.attemptId, result);
  }
  dropSpareMemory();
  const manifest = await readOrBuild(inside, job, plan);
  const groups = await readReduceGroups(inside, job.jobId, plan.step);
  assert(groups !== undefined, 'groups are written with the index');
  const files: AttemptFile[] = [];
  for (const group of groups) {
    const task = { jobId: job.jobId, step: plan.step, phase: 'reduce', index: group.index } as const;
    const options = {
      world: inside,
      job,
      step,
      task,
      group,
      groupCount: groups.length,
      manifest,
      attempt: solo.attempt,
      control,
    };
    files.push((await reduceToFile(options)).file);
  }
  const pairs = files.flatMap((file) => file.pairs);
  for (const { key } of pairs) await world.work.put(key, await inside.work.read(key));
  return {
    format: 1,
    attemptId: control.attemptId,
    index: 0,
    mapTotals: manifest.totals,
    reduces: files.flatMap((file) => file.reduces),
    parts: files.flatMap((file) => file.parts),
    pairs,
  };
}

async function readOrBuild(inside: World, job: JobRecord, plan: StepPlan) {
  await buildShuffle(inside, job, plan, 1);
  const manifest = await readShuffleManifest(inside, job.jobId, plan.step, 0);
  assert(manifest !== undefined, 'segments in memory are not lost');
  return manifest;
}

/** The outside world with a work area and a ledger of its own, holding what the programs read of the plan. */
async function insideWorld({ world, job, plan }: Solo, splits: readonly Split[]): Promise<World> {
  const work = new MemoryObjectStore();
  const ledger = new MemoryTaskLedger(world.clock);
  await work.put(stepPlanKey(job.jobId, plan.step), encodeJson(plan));
  for (const chunk of plan.chunks) await work.put(chunk.key, await world.work.read(chunk.key));
  const boundaries = boundariesKey(job.jobId, plan.step);
  if ((await world.work.head(boundaries)) !== undefined) await work.put(boundaries, await world.work.read(boundaries));
  for (const split of splits) {
    for (const { key } of split.pairs ?? []) await work.put(key, await world.work.read(key));
  }
  await ledger.createJob({
    jobId: job.jobId,
    fingerprint: job.fingerprint,
    name: job.name,
    outputPath: job.output,
    state: 'MAPPING',
    run: 1,
    executionId: 'solo',
    generations: job.shape.steps.map(() => 0),
    createdAtMs: job.createdAtMs,
    updatedAtMs: job.createdAtMs,
  });
  return { ...world, work, ledger };
}
