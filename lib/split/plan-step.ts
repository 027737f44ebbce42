import { assert, InputChangedError } from '../errors.ts';
import type { JobRecord } from '../job/job-record.ts';
import type { StepShape } from '../job/job-shape.ts';
import type { ObjectInfo } from '../ports/object-store.ts';
import type { World } from '../ports/world.ts';
import { detectCompression } from '../record/decompress.ts';
import type { InputRange } from '../record/reader.ts';
import { encodeJson, readJson } from '../work/json-object.ts';
import { splitsKey, stepPlanKey } from '../work/work-layout.ts';
import { countPartitions } from './count-partitions.ts';
import { ListingDigest } from './list-input.ts';
import { type PlannedObject, resolveSplitBytes, SplitPacker } from './plan-splits.ts';
import type { Split, SplitPairs } from './split.ts';
import { ROWS_PER_CHUNK, type StepPlan } from './step-plan.ts';

/** Objects whose first bytes are looked at together. */
const PROBES_IN_FLIGHT = 32;

type PlanWorld = Pick<World, 'input' | 'work'>;

/**
 * Lists a step's input and writes its splits and its plan, once: a plan that is there already is the answer, so that every run of the
 * job works on the same splits.
 * @param upstreamPairs what each earlier step's tasks left, by step
 * @throws InputChangedError when the input is no longer what named the job
 */
export async function planStep(
  world: PlanWorld,
  job: JobRecord,
  step: number,
  upstreamPairs: (upstream: number) => Promise<readonly SplitPairs[]>,
): Promise<StepPlan> {
  const known = await readStepPlan(world, job.jobId, step);
  if (known !== undefined) return known;
  const shape = job.shape.steps[step];
  assert(shape !== undefined, 'a step that is planned is one of the job');
  const splits = new SplitWriter(world, job.jobId, step);
  let inputBytes = 0;
  let objects = 0;
  for (const input of shape.inputs) {
    const listing =
      input.upstream === undefined
        ? await planOutside(world, job, input, splits)
        : await planPairs(input.name, await upstreamPairs(input.upstream), splits);
    inputBytes += listing.bytes;
    objects += listing.objects;
  }
  const chunks = await splits.finish();
  const plan: StepPlan = {
    format: 1,
    step,
    splits: splits.count,
    objects,
    inputBytes,
    chunks,
    partitions: shape.mapOnly ? 0 : countPartitions(inputBytes, splits.count, job.options.reduceTasks),
    mapOnly: shape.mapOnly,
    solo: inputBytes <= job.options.soloBytes && splits.count <= SOLO_SPLITS_MAX && job.options.soloBytes > 0,
  };
  await world.work.putIfAbsent(stepPlanKey(job.jobId, step), encodeJson(plan));
  const written = await readStepPlan(world, job.jobId, step);
  assert(written !== undefined, 'a plan that was just written is there');
  return written;
}

/** A job of many tiny objects has more to do than its bytes say. */
export const SOLO_SPLITS_MAX = 16;

export async function readStepPlan(world: Pick<World, 'work'>, jobId: string, step: number): Promise<StepPlan | undefined> {
  return await readJson<StepPlan>(world, stepPlanKey(jobId, step));
}

type StepInputShape = StepShape['inputs'][number];

async function planOutside(
  world: PlanWorld,
  job: JobRecord,
  input: StepInputShape,
  splits: SplitWriter,
): Promise<{ bytes: number; objects: number }> {
  const listing = job.inputs.find((candidate) => candidate.name === input.name);
  assert(listing !== undefined, `the input ${input.name} was given when the job was made`);
  const digest = new ListingDigest();
  const splitBytes = resolveSplitBytes(
    job.options.splitBytes,
    job.inputs.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  // A try on the first n records reads them in order, so all ranges are one split.
  const packer = job.limit === undefined ? new SplitPacker(splitBytes) : new SplitPacker(Infinity, Infinity);
  for await (const page of world.input.list(listing.location)) {
    digest.add(page);
    for (const object of await withCuts(world, page, input, splitBytes)) {
      for (const ranges of packer.add(object)) await splits.add(input.name, { ranges, ...limitOf(job) });
    }
  }
  for (const ranges of packer.flush()) await splits.add(input.name, { ranges, ...limitOf(job) });
  const found = digest.finish();
  if (found.digest !== listing.digest) {
    throw new InputChangedError({ key: listing.location, expected: describe(listing), found: describe(found) });
  }
  return found;
}

function describe(listing: { objects: number; bytes: number; digest: string }): string {
  return `${listing.objects} objects of ${listing.bytes} bytes in all (listing ${listing.digest.slice(0, 12)})`;
}

function limitOf(job: JobRecord): { limit?: number } {
  return job.limit === undefined ? {} : { limit: job.limit };
}

/** Only an object larger than a split could be cut, so only those are probed for compression. */
async function withCuts(
  world: PlanWorld,
  page: readonly ObjectInfo[],
  input: StepInputShape,
  splitBytes: number,
): Promise<readonly PlannedObject[]> {
  const planned: PlannedObject[] = page.map((object) => ({ ...object, cuts: input.cuts === 'ranges' ? 'ranges' : 'whole' }));
  const large = planned.flatMap((object, index) => (object.bytes > splitBytes && object.cuts === 'ranges' ? [index] : []));
  for (let start = 0; start < large.length; start += PROBES_IN_FLIGHT) {
    await Promise.all(
      large.slice(start, start + PROBES_IN_FLIGHT).map(async (index) => {
        const object = planned[index]!;
        const head = await world.input.readRange(object.key, object.version, 0, Math.min(4, object.bytes));
        if (detectCompression(head) !== 'none') planned[index] = { ...object, cuts: 'whole' };
      }),
    );
  }
  return planned;
}

/** Pairs objects are of about a reduce task's size, so each is a split. A limit is one of inputs: what comes of its records is read whole. */
async function planPairs(
  name: string,
  objects: readonly SplitPairs[],
  splits: SplitWriter,
): Promise<{ bytes: number; objects: number }> {
  for (const object of objects) await splits.add(name, { ranges: [], pairs: [object] });
  return { bytes: objects.reduce((sum, object) => sum + object.rawBytes, 0), objects: objects.length };
}

/** Writes rows to chunks as they come, so that only one chunk is in memory, however many splits an object is cut into. */
class SplitWriter {
  count = 0;
  private readonly world: PlanWorld;
  private readonly jobId: string;
  private readonly step: number;
  private rows: Uint8Array[] = [];
  private readonly chunks: StepPlan['chunks'][number][] = [];

  constructor(world: PlanWorld, jobId: string, step: number) {
    this.world = world;
    this.jobId = jobId;
    this.step = step;
  }

  async add(
    input: string,
    split: { readonly ranges: readonly InputRange[]; readonly pairs?: readonly SplitPairs[]; readonly limit?: number },
  ): Promise<void> {
    const row: Split = { index: this.count, input, ...split };
    this.rows.push(Buffer.from(`${JSON.stringify(row)}\n`));
    this.count += 1;
    if (this.rows.length === ROWS_PER_CHUNK) await this.writeChunk();
  }

  async finish(): Promise<StepPlan['chunks']> {
    if (this.rows.length > 0) await this.writeChunk();
    return this.chunks;
  }

  private async writeChunk(): Promise<void> {
    const rowEnds: number[] = [];
    let end = 0;
    for (const row of this.rows) {
      end += row.length;
      rowEnds.push(end);
    }
    const key = splitsKey(this.jobId, this.step, this.chunks.length);
    await this.world.work.put(key, Buffer.concat(this.rows));
    this.chunks.push({ key, firstSplit: this.chunks.length * ROWS_PER_CHUNK, rowEnds });
    this.rows = [];
  }
}
