import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { InputChangedError, InputMissingError } from '../../lib/errors.ts';
import type { JobRecord } from '../../lib/job/job-record.ts';
import type { StepShape } from '../../lib/job/job-shape.ts';
import { type MemoryWorld, memoryWorld } from '../../lib/memory/memory-world.ts';
import { listInput } from '../../lib/split/list-input.ts';
import { planStep, readStepPlan } from '../../lib/split/plan-step.ts';
import { decodeSplit, type Split, type SplitPairs } from '../../lib/split/split.ts';
import type { StepPlan } from '../../lib/split/step-plan.ts';

type Input = StepShape['inputs'][number];
const unnamed: Input = { name: '', reader: 'lines', cuts: 'ranges' };

/** A job over what lies at `in/<name>` in the world at this moment; the unnamed input's name is `in`. */
async function recordOf(
  world: MemoryWorld,
  some: {
    readonly inputs?: readonly Input[];
    readonly options?: Partial<JobRecord['options']>;
    readonly mapOnly?: boolean;
    readonly limit?: number;
  } = {},
): Promise<JobRecord> {
  const inputs = some.inputs ?? [unnamed];
  const step: StepShape = {
    name: 'count',
    inputs,
    mapOnly: some.mapOnly ?? false,
    partition: 'hash',
    groupBy: 0,
    extension: '.tsv',
  };
  const outside = inputs.filter(({ upstream }) => upstream === undefined);
  return {
    format: 1,
    jobId: 'job',
    fingerprint: 'f',
    name: 'count',
    code: { sha256: 'c', file: 'job.ts' },
    shape: { steps: [step], outsideInputs: outside.map(({ name }) => name), params: {}, options: {} },
    params: {},
    options: { splitBytes: 10, reduceTasks: 'auto', memoryBytes: 1e6, onBadRecord: 'fail', soloBytes: 0, ...some.options },
    inputs: await Promise.all(outside.map(({ name }) => listInput(world.input, name, locationOf(name)))),
    output: 'out',
    leaseKey: 'out',
    toStdout: false,
    ...(some.limit === undefined ? {} : { limit: some.limit }),
    nodeVersion: 'v24',
    createdAtMs: 0,
  };
}

const locationOf = (name: string) => `in/${name || 'in'}`;

function worldWith(objects: Readonly<Record<string, string | Uint8Array>>): MemoryWorld {
  const world = memoryWorld();
  for (const [key, content] of Object.entries(objects)) world.input.write(key, content);
  return world;
}

const noPairs = async (): Promise<never> => {
  throw new Error('no step is read');
};

/** The splits of a plan as its rows say, read the way a task reads its own. */
async function splitsOf(world: MemoryWorld, plan: StepPlan): Promise<readonly Split[]> {
  const splits: Split[] = [];
  for (const { key, firstSplit, rowEnds } of plan.chunks) {
    const bytes = await world.work.read(key);
    expect(rowEnds.at(-1)).toBe(bytes.length);
    for (const [row, byteEnd] of rowEnds.entries()) {
      const split = decodeSplit(bytes.subarray(row === 0 ? 0 : rowEnds[row - 1]!, byteEnd));
      expect(split.index).toBe(firstSplit + row);
      splits.push(split);
    }
  }
  return splits;
}

const show = (splits: readonly Split[]) =>
  splits.map(
    ({ input, ranges }) =>
      `${input}: ${ranges.map(({ key, byteStart, byteEnd }) => `${key}[${byteStart},${byteEnd})`).join(' ')}`,
  );

describe('planStep', () => {
  it('writes a row a split, and a plan that counts them', async () => {
    const world = worldWith({ 'in/in/a': 'x'.repeat(25), 'in/in/b': 'yy', 'in/in/c': '' });
    const plan = await planStep(world, await recordOf(world), 0, noPairs);
    expect(plan).toMatchObject({
      format: 1,
      step: 0,
      splits: 4,
      objects: 3,
      inputBytes: 27,
      partitions: 1,
      mapOnly: false,
      solo: false,
    });
    const splits = await splitsOf(world, plan);
    expect(show(splits)).toEqual([': in/in/a[0,8)', ': in/in/a[8,16)', ': in/in/a[16,25)', ': in/in/b[0,2) in/in/c[0,0)']);
    expect(splits[0]!.ranges[0]).toMatchObject({ version: 'v1', bytes: 25 });
    expect(await readStepPlan(world, 'job', 0)).toEqual(plan);
  });

  it('gives no split for an empty folder', async () => {
    const world = memoryWorld();
    world.input.makeFolder('in/in');
    expect(await planStep(world, await recordOf(world), 0, noPairs)).toMatchObject({
      splits: 0,
      objects: 0,
      chunks: [],
      partitions: 1,
    });
  });

  it('keeps the inputs of a join apart, in the order of the job', async () => {
    const world = worldWith({ 'in/visits/a': 'xx', 'in/pages/b': 'yy', 'in/pages/c': 'zz' });
    const inputs: readonly Input[] = ['visits', 'pages'].map((name) => ({ ...unnamed, name }));
    const plan = await planStep(world, await recordOf(world, { inputs }), 0, noPairs);
    expect(show(await splitsOf(world, plan))).toEqual(['visits: in/visits/a[0,2)', 'pages: in/pages/b[0,2) in/pages/c[0,2)']);
    expect(plan).toMatchObject({ objects: 3, inputBytes: 6 });
  });

  it('chooses one size of splits for all inputs together', async () => {
    const world = worldWith({ 'in/small/a': 'x', 'in/large/b': Buffer.alloc(80 * 1024 * 1024) });
    const inputs: readonly Input[] = ['small', 'large'].map((name) => ({ ...unnamed, name }));
    const plan = await planStep(world, await recordOf(world, { inputs, options: { splitBytes: 'auto' } }), 0, noPairs);
    expect(plan).toMatchObject({ splits: 9, partitions: 6 });
  });

  it('gives a map-only step no partitions', async () => {
    const world = worldWith({ 'in/in/a': 'x' });
    expect(await planStep(world, await recordOf(world, { mapOnly: true }), 0, noPairs)).toMatchObject({
      mapOnly: true,
      partitions: 0,
    });
  });

  it.each([
    { name: 'gzip', packed: (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes)) },
    { name: 'zstd', packed: () => Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, ...new Uint8Array(40)) },
  ])('leaves a $name object whole, however large, and cuts its neighbours', async ({ packed }) => {
    const noise = Uint8Array.from({ length: 40 }, (_, at) => (at * 97) % 251);
    const world = worldWith({ 'in/in/a': 'x'.repeat(20), 'in/in/b.txt': packed(noise), 'in/in/c': 'x'.repeat(20) });
    const plan = await planStep(world, await recordOf(world), 0, noPairs);
    const ranges = (await splitsOf(world, plan)).flatMap((split) => split.ranges);
    expect(ranges.map(({ key }) => key)).toEqual(['in/in/a', 'in/in/a', 'in/in/b.txt', 'in/in/c', 'in/in/c']);
    expect(ranges[2]).toMatchObject({ byteStart: 0, byteEnd: ranges[2]!.bytes });
  });

  it('cuts nothing of a reader that takes objects whole, and does not look into them', async () => {
    const world = worldWith({ 'in/in/a': 'x'.repeat(100) });
    const job = await recordOf(world, { inputs: [{ name: '', reader: 'files', cuts: 'whole' }] });
    const blind = {
      ...world,
      input: Object.assign(Object.create(world.input), { readRange: noPairs, list: world.input.list.bind(world.input) }),
    };
    expect(show(await splitsOf(world, await planStep(blind, job, 0, noPairs)))).toEqual([': in/in/a[0,100)']);
  });

  it('with --limit gives one split an input, whose records are read in order up to the limit', async () => {
    const world = worldWith({ 'in/x/a': 'x'.repeat(100), 'in/x/b': 'x'.repeat(100), 'in/y/c': 'y' });
    const inputs: readonly Input[] = ['x', 'y'].map((name) => ({ ...unnamed, name }));
    const plan = await planStep(world, await recordOf(world, { inputs, limit: 3 }), 0, noPairs);
    const splits = await splitsOf(world, plan);
    expect(splits.map(({ input, limit }) => [input, limit])).toEqual([
      ['x', 3],
      ['y', 3],
    ]);
    expect(splits[0]!.ranges.map(({ key, byteStart, byteEnd }) => [key, byteStart, byteEnd])).toEqual([
      ['in/x/a', 0, 100],
      ['in/x/b', 0, 100],
    ]);
  });

  it('with --limit keeps thousands of objects in that one split', async () => {
    const world = memoryWorld();
    for (let at = 0; at < 5_001; at++) world.input.write(`in/in/${at}`, '');
    const plan = await planStep(world, await recordOf(world, { limit: 3 }), 0, noPairs);
    expect((await splitsOf(world, plan)).map(({ ranges }) => ranges.length)).toEqual([5_001]);
  });

  it.each([
    { rows: 999, chunks: [0] },
    { rows: 1_000, chunks: [0] },
    { rows: 1_001, chunks: [0, 1_000] },
    { rows: 2_500, chunks: [0, 1_000, 2_000] },
  ])('puts 1,000 rows into a chunk: $rows splits', async ({ rows, chunks }) => {
    const world = worldWith({ 'in/in/a': 'x'.repeat(10 * rows) });
    const plan = await planStep(world, await recordOf(world), 0, noPairs);
    expect(plan.chunks.map(({ firstSplit }) => firstSplit)).toEqual(chunks);
    expect(new Set(plan.chunks.map(({ key }) => key)).size).toBe(chunks.length);
    const ranges = (await splitsOf(world, plan)).flatMap((split) => split.ranges);
    expect(ranges.map(({ byteStart }) => byteStart)).toEqual(Array.from({ length: rows }, (_, at) => 10 * at));
  });

  it('fills chunks over the inputs of a step and the pages of a listing', async () => {
    const world = memoryWorld();
    for (const name of ['x', 'y']) {
      for (let at = 0; at < 1_300; at++) world.input.write(`in/${name}/${String(at).padStart(4, '0')}`, 'x'.repeat(10));
    }
    const inputs: readonly Input[] = ['x', 'y'].map((name) => ({ ...unnamed, name }));
    const plan = await planStep(world, await recordOf(world, { inputs }), 0, noPairs);
    expect(plan.chunks.map(({ rowEnds }) => rowEnds.length)).toEqual([1_000, 1_000, 600]);
    const splits = await splitsOf(world, plan);
    expect(splits.filter(({ input }) => input === 'x')).toHaveLength(1_300);
    expect(new Set(splits.flatMap(({ ranges }) => ranges.map(({ key }) => key))).size).toBe(2_600);
  });

  it.each([
    { name: 'no input fits 0', bytes: 0, soloBytes: 0, objects: 1, solo: false },
    { name: 'an input of soloBytes fits', bytes: 50, soloBytes: 50, objects: 1, solo: true },
    { name: 'a byte more does not', bytes: 51, soloBytes: 50, objects: 1, solo: false },
    { name: '16 splits fit', bytes: 160, soloBytes: 1_000, objects: 16, solo: true },
    { name: '17 splits do not', bytes: 170, soloBytes: 1_000, objects: 17, solo: false },
  ])('says whether one sandbox does it all: $name', async ({ bytes, soloBytes, objects, solo }) => {
    const world = memoryWorld();
    for (let at = 0; at < objects; at++) world.input.write(`in/in/${at + 10}`, 'x'.repeat(bytes / objects));
    const job = await recordOf(world, { options: { soloBytes } });
    expect((await planStep(world, job, 0, noPairs)).solo).toBe(solo);
  });

  it('makes each pairs object of an earlier step a split, which --limit does not cut short', async () => {
    const world = memoryWorld();
    const pairs: readonly SplitPairs[] = [30, 500].map((bytes, place) => ({
      key: `jobs/job/0/reduce/${place}.pairs`,
      bytes,
      rawBytes: 3 * bytes,
      footerStart: bytes - 5,
      task: { step: 0, phase: 'reduce', index: place },
      attemptId: `a${place}`,
      place,
    }));
    const job = await recordOf(world, {
      inputs: [{ name: 'first', reader: 'pairs', cuts: 'pairs', upstream: 4 }],
      options: { soloBytes: 10 },
      limit: 3,
    });
    const asked: number[] = [];
    const plan = await planStep(world, job, 0, async (upstream) => {
      asked.push(upstream);
      return pairs;
    });
    expect(asked).toEqual([4]);
    expect(plan).toMatchObject({ splits: 2, objects: 2, inputBytes: 1590 });
    expect(await splitsOf(world, plan)).toEqual(pairs.map((one, index) => ({ index, input: 'first', ranges: [], pairs: [one] })));
  });
});

describe('planStep, when it is asked again,', () => {
  it('answers the first plan, and lists nothing', async () => {
    const world = worldWith({ 'in/in/a': 'x'.repeat(25) });
    const job = await recordOf(world);
    const first = await planStep(world, job, 0, noPairs);
    world.input.write('in/in/b', 'another object');
    expect(await planStep(world, job, 0, noPairs)).toEqual(first);
    world.input.remove('in/in/a');
    world.input.remove('in/in/b');
    expect(await planStep(world, job, 0, noPairs)).toEqual(first);
  });

  it('answers the plan of whoever wrote first, when another plans at the same time', async () => {
    const world = worldWith({ 'in/in/a': 'x'.repeat(25) });
    const job = await recordOf(world);
    const theirs = { ...job, options: { ...job.options, reduceTasks: 7 } };
    const putIfAbsent = world.work.putIfAbsent.bind(world.work);
    let isFirst = true;
    world.work.putIfAbsent = async (key, bytes) => {
      if (isFirst) {
        isFirst = false;
        await planStep(world, theirs, 0, noPairs);
      }
      return putIfAbsent(key, bytes);
    };
    const plan = await planStep(world, job, 0, noPairs);
    expect(plan.partitions).toBe(7);
    expect(await readStepPlan(world, 'job', 0)).toEqual(plan);
  });

  it('has written no plan where it was stopped before the last step', async () => {
    const world = worldWith({ 'in/in/a': 'x'.repeat(25) });
    const job = await recordOf(world);
    world.work.putIfAbsent = async () => {
      throw new Error('killed');
    };
    await expect(planStep(world, job, 0, noPairs)).rejects.toThrow('killed');
    expect(await readStepPlan(world, 'job', 0)).toBeUndefined();
  });
});

describe('planStep refuses input that is no longer what named the job:', () => {
  it.each<{ name: string; change: (world: MemoryWorld) => void }>([
    { name: 'an object that was written again', change: ({ input }) => input.write('in/in/a', 'x'.repeat(25)) },
    { name: 'an object more', change: ({ input }) => input.write('in/in/c', '') },
    { name: 'an object less', change: ({ input }) => input.remove('in/in/b') },
  ])('$name', async ({ change }) => {
    const world = worldWith({ 'in/in/a': 'x'.repeat(25), 'in/in/b': 'y' });
    const job = await recordOf(world);
    change(world);
    await expect(planStep(world, job, 0, noPairs)).rejects.toThrow(InputChangedError);
    expect(await readStepPlan(world, 'job', 0)).toBeUndefined();
  });

  it('and says so of an input that is gone altogether', async () => {
    const world = worldWith({ 'in/in/a': 'x' });
    const job = await recordOf(world);
    world.input.remove('in/in/a');
    await expect(planStep(world, job, 0, noPairs)).rejects.toThrow(InputMissingError);
  });
});
