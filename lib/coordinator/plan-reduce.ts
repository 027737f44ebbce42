import { createHash } from 'node:crypto';
import { assert, CorruptSegmentError, ObjectMissingError } from '../errors.ts';
import type { MapAccount } from '../job/attempt-account.ts';
import type { JobRecord } from '../job/job-record.ts';
import type { Commit, MapResult } from '../ports/task-ledger.ts';
import type { World } from '../ports/world.ts';
import { balance, MapTotalsSum } from '../shuffle/map-totals.ts';
import { groupPartitions, writeReduceGroups } from '../shuffle/reduce-groups.ts';
import type { SegmentFooter } from '../shuffle/segment.ts';
import { readSegmentFooter } from '../shuffle/segment-reader.ts';
import { buildIndexChunk } from '../shuffle/shuffle-index.ts';
import { type IndexChunkRef, readShuffleManifest, type ShuffleManifest } from '../shuffle/shuffle-manifest.ts';
import { readStepPlan } from '../split/plan-step.ts';
import { eachSplit } from '../split/read-splits.ts';
import { ROWS_PER_CHUNK, type StepPlan } from '../split/step-plan.ts';
import { encodeJson } from '../work/json-object.ts';
import { eachTask } from '../work/read-tasks.ts';
import { indexChunkKey, shuffleKey } from '../work/work-layout.ts';
import { advanceJob, type Flow } from './advance-job.ts';
import { readJobItem, readJobRecord } from './job-access.ts';
import type { PlanReduceAnswer, PlanReduceCall } from './machine-call.ts';

const FOOTERS_IN_FLIGHT = 32;

/**
 * The PlanReduce state: writes the index of one consistent set of segments and groups the partitions into reduce tasks. A segment that
 * is lost or damaged is invalidated, and its map task goes round again.
 */
export async function planReduce(flow: Flow, call: PlanReduceCall): Promise<PlanReduceAnswer> {
  const { world } = flow;
  const { jobId, run, at } = call;
  const job = await readJobRecord(world, jobId);
  const plan = await readStepPlan(world, jobId, at.step);
  assert(plan !== undefined, 'PlanReduce comes after Plan');
  const built = await buildShuffle(world, job, plan, run);
  const next = await advanceJob(flow, job, run, (at.round ?? 0) + (built === 'lost' ? 1 : 0));
  return next as PlanReduceAnswer;
}

/** Writes index, manifest and reduce groups of the current generation. `lost` when a map task must run again first. */
export async function buildShuffle(world: World, job: JobRecord, plan: StepPlan, run: number): Promise<'built' | 'lost'> {
  const set = await consistentCommits(world, job.jobId, plan);
  if (set === undefined) return 'lost';
  const manifest = await writeIndex(world, job, plan, set, run);
  if (manifest === 'lost') return 'lost';
  const groups = groupPartitions(manifest.partitionRawBytes, job.options.reduceTasks, plan.splits);
  await writeReduceGroups(world, job.jobId, plan.step, groups);
  return 'built';
}

type CommitSet = { readonly generation: number; readonly commits: readonly Commit[] };

/** Generation, commits, generation: only when both generations are equal do the commits belong together. Undefined when one is missing. */
async function consistentCommits(world: World, jobId: string, plan: StepPlan): Promise<CommitSet | undefined> {
  for (;;) {
    const before = (await readJobItem(world, jobId)).generations[plan.step] ?? 0;
    const commits: Commit[] = [];
    for await (const { index, commit } of eachTask(world, jobId, plan.step, 'map')) {
      if (commit === undefined || index !== commits.length) break;
      commits.push(commit);
    }
    const after = (await readJobItem(world, jobId)).generations[plan.step] ?? 0;
    if (before !== after) continue;
    return commits.length === plan.splits ? { generation: after, commits } : undefined;
  }
}

async function writeIndex(
  world: World,
  job: JobRecord,
  plan: StepPlan,
  set: CommitSet,
  run: number,
): Promise<ShuffleManifest | 'lost'> {
  const { jobId } = job;
  const known = await readShuffleManifest(world, jobId, plan.step, set.generation);
  if (known !== undefined) return known;
  const before = set.generation > 0 ? await latestManifest(world, jobId, plan.step, set.generation - 1) : undefined;
  const totals = new MapTotalsSum();
  const chunks: IndexChunkRef[] = [];
  const partitionRecords = new Array<number>(plan.partitions).fill(0);
  const partitionRawBytes = new Array<number>(plan.partitions).fill(0);
  let lost = false;
  for (let mapStart = 0; mapStart < plan.splits; mapStart += ROWS_PER_CHUNK) {
    const mapEnd = Math.min(mapStart + ROWS_PER_CHUNK, plan.splits);
    const footers = await readFooters(world, jobId, plan.step, set.commits, mapStart, mapEnd, run);
    if (footers === 'lost') lost = true;
    if (footers === 'lost' || lost) continue;
    await addTotals(world, job, plan, mapStart, footers, totals);
    for (const { index } of footers) {
      for (let partition = 0; partition < plan.partitions; partition++) {
        partitionRecords[partition]! += index.records[partition]!;
        partitionRawBytes[partition]! += index.rawBytes[partition]!;
      }
    }
    chunks.push(await writeChunk(world, jobId, plan.step, set, mapStart, footers, before));
  }
  if (lost) return 'lost';
  const manifest: ShuffleManifest = {
    format: 1,
    generation: set.generation,
    chunks,
    partitionRecords,
    partitionRawBytes,
    mapAttempts: set.commits.map((commit) => commit.attemptId),
    totals: totals.finish(),
  };
  balance(
    `pairs emitted = pairs in segments + pairs combined in step ${plan.step}`,
    manifest.totals.pairsEmitted,
    partitionRecords.reduce((sum, records) => sum + records, 0) + manifest.totals.pairsCombined,
  );
  await world.work.putIfAbsent(shuffleKey(jobId, plan.step, set.generation), encodeJson(manifest));
  return manifest;
}

/** Not every generation gets an index: two segments may be lost in one round. */
async function latestManifest(
  world: World,
  jobId: string,
  step: number,
  generation: number,
): Promise<ShuffleManifest | undefined> {
  for (let candidate = generation; candidate >= 0; candidate--) {
    const manifest = await readShuffleManifest(world, jobId, step, candidate);
    if (manifest !== undefined) return manifest;
  }
  return undefined;
}

/** All losses are found in one round: each is invalidated, none ends the loop. */
async function readFooters(
  world: World,
  jobId: string,
  step: number,
  commits: readonly Commit[],
  mapStart: number,
  mapEnd: number,
  run: number,
): Promise<readonly SegmentFooter[] | 'lost'> {
  const footers: SegmentFooter[] = [];
  let lost = false;
  for (let start = mapStart; start < mapEnd; start += FOOTERS_IN_FLIGHT) {
    const indexes = Array.from({ length: Math.min(FOOTERS_IN_FLIGHT, mapEnd - start) }, (_, offset) => start + offset);
    const read = await Promise.all(
      indexes.map(async (index) => {
        const commit = commits[index]!;
        const { segmentKey, footerStart, segmentBytes } = commit.result as MapResult;
        try {
          return await readSegmentFooter(world.work, segmentKey, footerStart, segmentBytes);
        } catch (error) {
          if (!(error instanceof CorruptSegmentError || error instanceof ObjectMissingError)) throw error;
          world.log.write('warn', 'segment lost: its map task runs again', {
            jobId,
            step,
            mapTask: index,
            reason: error.message,
          });
          await world.ledger.invalidate({ jobId, step, phase: 'map', index }, commit.attemptId, run);
          return undefined;
        }
      }),
    );
    for (const footer of read) {
      if (footer === undefined) lost = true;
      else footers.push(footer);
    }
  }
  return lost ? 'lost' : footers;
}

async function addTotals(
  world: World,
  job: JobRecord,
  plan: StepPlan,
  mapStart: number,
  footers: readonly SegmentFooter[],
  totals: MapTotalsSum,
): Promise<void> {
  const chunk = plan.chunks.find((candidate) => candidate.firstSplit === mapStart);
  assert(
    chunk !== undefined && chunk.rowEnds.length === footers.length,
    'a chunk of split rows and one of the index hold the same tasks',
  );
  for await (const split of eachSplit(world, { chunks: [chunk] }))
    totals.add(split, footers[split.index - mapStart]!.account.counts as MapAccount, job.limit !== undefined);
}

async function writeChunk(
  world: World,
  jobId: string,
  step: number,
  set: CommitSet,
  mapStart: number,
  footers: readonly SegmentFooter[],
  before: ShuffleManifest | undefined,
): Promise<IndexChunkRef> {
  const segments = footers.map(({ index }, offset) => ({
    mapIndex: mapStart + offset,
    segmentKey: (set.commits[mapStart + offset]!.result as MapResult).segmentKey,
    index,
  }));
  const fingerprint = createHash('sha256')
    .update(segments.map((segment) => segment.segmentKey).join('\n'))
    .digest('hex')
    .slice(0, 32);
  const unchanged = before?.chunks.find((chunk) => chunk.mapStart === mapStart && chunk.fingerprint === fingerprint);
  if (unchanged !== undefined && (await world.work.head(unchanged.key)) !== undefined) return unchanged;
  const key = indexChunkKey(jobId, step, set.generation, mapStart / ROWS_PER_CHUNK, fingerprint);
  const bytes = buildIndexChunk(segments);
  await world.work.put(key, bytes);
  return { key, bytes: bytes.length, mapStart, mapEnd: mapStart + footers.length, fingerprint };
}
