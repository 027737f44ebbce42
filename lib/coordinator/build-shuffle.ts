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
import { eachSplit } from '../split/read-splits.ts';
import { ROWS_PER_CHUNK, type StepPlan } from '../split/step-plan.ts';
import { encodeJson } from '../work/json-object.ts';
import { eachTask } from '../work/read-tasks.ts';
import { indexChunkKey, shuffleKey } from '../work/work-layout.ts';
import { readJobItem } from './job-access.ts';

const FOOTERS_IN_FLIGHT = 32;

/**
 * Writes index, manifest and reduce groups of the current generation. Of many segments, those of one chunk of the index are in memory at
 * a time. `lost` when a map task must run again first.
 */
export async function buildShuffle(world: World, job: JobRecord, plan: StepPlan, run: number): Promise<'built' | 'lost'> {
  for (;;) {
    const generation = await generationOf(world, job, plan);
    const known = await readShuffleManifest(world, job.jobId, plan.step, generation);
    const manifest = known ?? (await new IndexBuild(world, job, plan, run, generation).run());
    if (manifest === 'lost') return 'lost';
    if (manifest === 'changed') continue;
    const groups = groupPartitions(manifest.partitionRawBytes, job.options.reduceTasks, plan.splits);
    await writeReduceGroups(world, job.jobId, plan.step, groups);
    return 'built';
  }
}

async function generationOf(world: World, { jobId }: JobRecord, { step }: StepPlan): Promise<number> {
  return (await readJobItem(world, jobId)).generations[step] ?? 0;
}

/** The index of one generation, built once. */
class IndexBuild {
  private readonly world: World;
  private readonly job: JobRecord;
  private readonly plan: StepPlan;
  private readonly runNumber: number;
  private readonly generation: number;
  private readonly totals = new MapTotalsSum();
  private readonly chunks: IndexChunkRef[] = [];
  private readonly mapAttempts: string[] = [];
  private readonly partitionRecords: number[];
  private readonly partitionRawBytes: number[];
  private before: ShuffleManifest | undefined;
  private isLost = false;

  constructor(world: World, job: JobRecord, plan: StepPlan, runNumber: number, generation: number) {
    this.world = world;
    this.job = job;
    this.plan = plan;
    this.runNumber = runNumber;
    this.generation = generation;
    this.partitionRecords = new Array<number>(plan.partitions).fill(0);
    this.partitionRawBytes = new Array<number>(plan.partitions).fill(0);
  }

  /**
   * Generation, commits, generation: only when both generations are equal do the commits belong together; else `changed`. `lost` when a
   * commit is missing, or was invalidated here.
   */
  async run(): Promise<ShuffleManifest | 'lost' | 'changed'> {
    const { world, job, plan, generation, mapAttempts } = this;
    if (generation > 0) this.before = await latestManifest(world, job.jobId, plan.step, generation - 1);
    let commits: Commit[] = [];
    for await (const { index, commit } of eachTask(world, job.jobId, plan.step, 'map')) {
      if (commit === undefined || index !== mapAttempts.length) break;
      mapAttempts.push(commit.attemptId);
      commits.push(commit);
      if (commits.length < ROWS_PER_CHUNK && mapAttempts.length < plan.splits) continue;
      await this.addChunk(mapAttempts.length - commits.length, commits);
      commits = [];
    }
    if (this.isLost) return 'lost';
    if ((await generationOf(world, job, plan)) !== generation) return 'changed';
    return mapAttempts.length === plan.splits ? await this.writeManifest() : 'lost';
  }

  private async addChunk(mapStart: number, commits: readonly Commit[]): Promise<void> {
    const footers = await this.readFooters(mapStart, commits);
    if (footers === 'lost') this.isLost = true;
    if (footers === 'lost' || this.isLost) return;
    await this.addTotals(mapStart, footers);
    for (const { index } of footers) {
      for (let partition = 0; partition < this.plan.partitions; partition++) {
        this.partitionRecords[partition]! += index.records[partition]!;
        this.partitionRawBytes[partition]! += index.rawBytes[partition]!;
      }
    }
    await this.writeChunk(mapStart, commits, footers);
  }

  /** All losses are found in one round: each is invalidated, none ends the loop. */
  private async readFooters(mapStart: number, commits: readonly Commit[]): Promise<readonly SegmentFooter[] | 'lost'> {
    const footers: SegmentFooter[] = [];
    let lost = false;
    for (let start = 0; start < commits.length; start += FOOTERS_IN_FLIGHT) {
      const batch = commits.slice(start, start + FOOTERS_IN_FLIGHT);
      const read = await Promise.all(batch.map((commit, offset) => this.readFooter(mapStart + start + offset, commit)));
      for (const footer of read) {
        if (footer === undefined) lost = true;
        else footers.push(footer);
      }
    }
    return lost ? 'lost' : footers;
  }

  /** Undefined when the segment is lost or damaged, and its commit invalidated. */
  private async readFooter(mapIndex: number, { attemptId, result }: Commit): Promise<SegmentFooter | undefined> {
    const { world, job, plan } = this;
    const { segmentKey, footerStart, segmentBytes } = result as MapResult;
    try {
      return await readSegmentFooter(world.work, segmentKey, footerStart, segmentBytes);
    } catch (error) {
      if (!(error instanceof CorruptSegmentError || error instanceof ObjectMissingError)) throw error;
      const place = { jobId: job.jobId, step: plan.step };
      world.log.write('warn', 'segment lost: its map task runs again', { ...place, mapTask: mapIndex, reason: error.message });
      await world.ledger.invalidate({ ...place, phase: 'map', index: mapIndex }, attemptId, this.runNumber);
      return undefined;
    }
  }

  private async addTotals(mapStart: number, footers: readonly SegmentFooter[]): Promise<void> {
    const chunk = this.plan.chunks.find((candidate) => candidate.firstSplit === mapStart);
    assert(
      chunk !== undefined && chunk.rowEnds.length === footers.length,
      'a chunk of split rows and one of the index hold the same tasks',
    );
    for await (const split of eachSplit(this.world, { chunks: [chunk] })) {
      const account = footers[split.index - mapStart]!.account.counts as MapAccount;
      this.totals.add(split, account, this.job.limit !== undefined);
    }
  }

  private async writeChunk(mapStart: number, commits: readonly Commit[], footers: readonly SegmentFooter[]): Promise<void> {
    const { world, job, plan, generation, before, chunks } = this;
    const segments = footers.map(({ index }, offset) => ({
      mapIndex: mapStart + offset,
      segmentKey: (commits[offset]!.result as MapResult).segmentKey,
      index,
    }));
    const fingerprint = createHash('sha256')
      .update(segments.map((segment) => segment.segmentKey).join('\n'))
      .digest('hex')
      .slice(0, 32);
    const unchanged = before?.chunks.find((chunk) => chunk.mapStart === mapStart && chunk.fingerprint === fingerprint);
    if (unchanged !== undefined && (await world.work.head(unchanged.key)) !== undefined) {
      chunks.push(unchanged);
      return;
    }
    const key = indexChunkKey(job.jobId, plan.step, generation, mapStart / ROWS_PER_CHUNK, fingerprint);
    const bytes = buildIndexChunk(segments);
    await world.work.put(key, bytes);
    chunks.push({ key, bytes: bytes.length, mapStart, mapEnd: mapStart + footers.length, fingerprint });
  }

  private async writeManifest(): Promise<ShuffleManifest> {
    const { world, job, plan, generation, chunks, partitionRecords, partitionRawBytes, mapAttempts } = this;
    const totals = this.totals.finish();
    const manifest = { format: 1, generation, chunks, partitionRecords, partitionRawBytes, mapAttempts, totals } as const;
    balance(
      `pairs emitted = pairs in segments + pairs combined in step ${plan.step}`,
      totals.pairsEmitted,
      partitionRecords.reduce((sum, records) => sum + records, 0) + totals.pairsCombined,
    );
    await world.work.putIfAbsent(shuffleKey(job.jobId, plan.step, generation), encodeJson(manifest));
    return manifest;
  }
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
