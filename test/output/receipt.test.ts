import { describe, expect, it } from 'vitest';
import type { MapAccount, PartAccount } from '../../lib/job/attempt-account.ts';
import type { JobShape, StepShape } from '../../lib/job/job-shape.ts';
import type { AttemptFile } from '../../lib/output/attempt-file.ts';
import { balanceChain, balanceOutput, balanceStep, ReduceTotalsSum, type StepReceipt } from '../../lib/output/receipt.ts';
import { MapTotalsSum, ReceiptError } from '../../lib/shuffle/map-totals.ts';
import type { Split } from '../../lib/split/split.ts';

type Numbers = { readonly [name: string]: number | string | Numbers };
/** Adds to the number at a path such as `map.attempts.begun`, in a copy. */
function moved<T>(value: T, path: string, by: number): T {
  const copy = structuredClone(value);
  const names = path.split('.');
  const last = names.pop()!;
  const holder = names.reduce<Numbers>((inner, name) => inner[name] as Numbers, copy as Numbers) as Record<string, number>;
  holder[last] = holder[last]! + by;
  return copy;
}

function caught(work: () => void): ReceiptError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(ReceiptError);
    return error as ReceiptError;
  }
  throw new Error('it balanced');
}

const equationOf = (work: () => void) => caught(work).values['equation'];

/** Every number is another, so that none can stand in for its neighbour. */
const balanced: StepReceipt = {
  name: 'count',
  map: {
    tasks: 5,
    attempts: { begun: 15, committed: 5, lost: 1, failed: 2, invalidated: 3, abandoned: 4 },
    recordsRead: 1_000,
    recordsMapped: 1_000,
    bytesRead: 64_000,
    pairsEmitted: 900,
    pairsCombined: 150,
    spills: 6,
    counters: {},
  },
  reduce: {
    tasks: 3,
    attempts: { begun: 29, committed: 3, lost: 5, failed: 6, invalidated: 7, abandoned: 8 },
    recordsFetched: 750,
    recordsDelivered: 600,
    recordsCombined: 120,
    recordsSkipped: 30,
    groups: 40,
    pairsEmitted: 80,
    bytesFetched: 9_000,
  },
};

describe('balanceStep', () => {
  it('takes a step whose records all went somewhere', () => {
    balanceStep(balanced, false);
  });

  it.each([
    ['map.recordsRead', 'records read = records mapped'],
    ['map.recordsMapped', 'records read = records mapped'],
    ...(['map', 'reduce'] as const).flatMap((phase) =>
      ['begun', 'committed', 'lost', 'failed', 'invalidated', 'abandoned'].map((end) => [
        `${phase}.attempts.${end}`,
        `${phase} attempts begun = committed + lost + failed + invalidated + abandoned`,
      ]),
    ),
    ['map.pairsEmitted', 'pairs in segments = pairs fetched'],
    ['map.pairsCombined', 'pairs in segments = pairs fetched'],
    ['reduce.recordsFetched', 'pairs in segments = pairs fetched'],
    ['reduce.recordsDelivered', 'pairs fetched = delivered + combined + skipped'],
    ['reduce.recordsCombined', 'pairs fetched = delivered + combined + skipped'],
    ['reduce.recordsSkipped', 'pairs fetched = delivered + combined + skipped'],
  ])('refuses %s that is one off, by the equation "%s"', (path, equation) => {
    for (const by of [1, -1]) {
      expect(equationOf(() => balanceStep(moved(balanced, path!, by), false))).toBe(`count: ${equation}`);
    }
  });

  it('says both sides of the equation, and that trying again is useless', () => {
    const error = caught(() => balanceStep(moved(balanced, 'reduce.recordsFetched', 1), false));
    expect(error.values).toMatchObject({ left: 750, right: 751 });
    expect(error.message).toBe('The receipt does not balance: count: pairs in segments = pairs fetched (750 is not 751).');
    expect(error.retryable).toBe(false);
  });

  it('asks a map-only step for no shuffle, but for its records and attempts', () => {
    const attempts = { begun: 0, committed: 0, lost: 0, failed: 0, invalidated: 0, abandoned: 0 };
    const nothing = { recordsFetched: 0, recordsDelivered: 0, recordsCombined: 0, recordsSkipped: 0, pairsEmitted: 0 };
    const mapOnly: StepReceipt = { ...balanced, reduce: { ...balanced.reduce, ...nothing, tasks: 0, attempts } };
    balanceStep(mapOnly, true);
    expect(equationOf(() => balanceStep(moved(mapOnly, 'map.recordsMapped', -1), true))).toMatch('records read = records mapped');
    expect(equationOf(() => balanceStep(moved(mapOnly, 'map.attempts.lost', 1), true))).toMatch('map attempts begun');
  });
});

describe('balanceChain', () => {
  const step = (name: string, mapOnly: boolean, upstream: readonly (number | undefined)[]): StepShape => ({
    name,
    inputs: upstream.map((from, at) => ({
      name: `in${at}`,
      reader: from === undefined ? 'lines' : 'pairs',
      cuts: from === undefined ? 'ranges' : 'pairs',
      ...(from === undefined ? {} : { upstream: from }),
    })),
    mapOnly,
    partition: 'hash',
    groupBy: 0,
    extension: '.tsv',
  });
  const shapeOf = (...steps: readonly StepShape[]): JobShape => ({ steps, outsideInputs: [], params: {}, options: {} });
  const receipt = (recordsRead: number, mapEmitted: number, reduceEmitted: number): StepReceipt => ({
    ...balanced,
    map: { ...balanced.map, recordsRead, recordsMapped: recordsRead, pairsEmitted: mapEmitted },
    reduce: { ...balanced.reduce, pairsEmitted: reduceEmitted },
  });
  const shape = shapeOf(step('reduced', false, [undefined]), step('mapped', true, [undefined]), step('joined', false, [0, 1]));
  const receipts = [receipt(10, 90, 7), receipt(20, 5, 0), receipt(12, 1, 1)];

  it('takes a step that read all pairs of the steps before it: reduced ones, or mapped ones where there is no reduce', () => {
    balanceChain(shape, receipts);
  });

  it.each([
    [0, 'reduce.pairsEmitted'],
    [1, 'map.pairsEmitted'],
    [2, 'map.recordsRead'],
  ])('refuses step %i with %s one off', (at, path) => {
    for (const by of [1, -1]) {
      const wrong = receipts.with(at, moved(receipts[at]!, path, by));
      expect(equationOf(() => balanceChain(shape, wrong))).toBe('joined: records read = pairs that earlier steps emitted');
    }
  });

  it('asks a step that also reads objects for nothing: its records are not told apart by input', () => {
    balanceChain(shapeOf(step('first', false, [undefined]), step('join', false, [0, undefined])), [
      receipt(1, 1, 7),
      receipt(1_000, 1, 1),
    ]);
  });
});

describe('balanceOutput', () => {
  const part = (index: number, records: number): PartAccount => ({ name: `part-0000${index}.tsv`, records, bytes: 9, crc32: 1 });

  it('takes parts that hold what was emitted, in however many parts', () => {
    balanceOutput(balanced, false, [part(0, 30), part(1, 0), part(2, 50)]);
    balanceOutput(balanced, true, [part(0, 900)]);
  });

  it.each([
    ['reduce emitted', false, 80],
    ['a map-only step emitted', true, 900],
  ])('refuses parts with one record more or less than %s', (_, isMapOnly, emitted) => {
    for (const records of [emitted - 1, emitted + 1]) {
      const error = caught(() => balanceOutput(balanced, isMapOnly, [part(0, records - 9), part(1, 9)]));
      expect(error.values).toMatchObject({ equation: 'count: pairs emitted = records in parts', left: emitted, right: records });
    }
  });
});

describe('ReduceTotalsSum', () => {
  it('adds up every attempt file, and its counters by name', () => {
    const account = (scale: number, counters: Record<string, number>) => ({
      kind: 'reduce' as const,
      attemptId: 'a',
      index: 0,
      generation: 0,
      digest: '',
      partitionStart: 0,
      partitionEnd: 1,
      recordsFetched: 2 * scale,
      recordsDelivered: 3 * scale,
      recordsCombined: 5 * scale,
      recordsSkipped: 7 * scale,
      groups: 11 * scale,
      pairsEmitted: 13 * scale,
      bytesFetched: 17 * scale,
      counters,
    });
    const file = (...reduces: readonly ReturnType<typeof account>[]) => ({ reduces }) as unknown as AttemptFile;
    const sum = new ReduceTotalsSum();
    sum.add(file(account(1, { seen: 1 })));
    sum.add(file());
    sum.add(file(account(10, { seen: 2, odd: 4 }), account(100, {})));
    expect(sum.finish()).toEqual({
      recordsFetched: 222,
      recordsDelivered: 333,
      recordsCombined: 555,
      recordsSkipped: 777,
      groups: 1221,
      pairsEmitted: 1443,
      bytesFetched: 1887,
      counters: { seen: 3, odd: 4 },
    });
  });
});

type OwnedRange = {
  readonly key: string;
  readonly bytes: number;
  readonly range: readonly [number, number];
  readonly owned: readonly [number, number];
};
const owns = (
  key: string,
  bytes: number,
  range: readonly [number, number],
  owned: readonly [number, number] = range,
): OwnedRange => ({
  key,
  bytes,
  range,
  owned,
});

/** Adds splits of these ranges, in order. */
function addUp(splits: readonly (readonly OwnedRange[])[], isLimited = false): MapTotalsSum {
  const sum = new MapTotalsSum();
  for (const [index, ranges] of splits.entries()) {
    const split: Split = {
      index,
      input: '',
      ranges: ranges.map(({ key, bytes, range: [byteStart, byteEnd] }) => ({ key, version: 'v1', bytes, byteStart, byteEnd })),
    };
    sum.add(split, mapAccount({ owned: ranges.flatMap(({ owned }) => owned) }), isLimited);
  }
  return sum;
}

function mapAccount(some: Partial<MapAccount>): MapAccount {
  return {
    kind: 'map',
    attemptId: 'a',
    index: 0,
    recordsRead: 1,
    recordsMapped: 1,
    bytesRead: 1,
    pairsEmitted: 1,
    pairsCombined: 0,
    spills: 0,
    owned: [],
    counters: {},
    ...some,
  };
}

describe('MapTotalsSum', () => {
  it('adds up every account, and its counters by name', () => {
    const sum = new MapTotalsSum();
    const split: Split = { index: 0, input: '', ranges: [] };
    const one = { recordsRead: 2, recordsMapped: 2, bytesRead: 3, pairsEmitted: 5, pairsCombined: 4, spills: 7 };
    sum.add(split, mapAccount({ ...one, counters: { seen: 1 } }), false);
    sum.add(split, mapAccount({ ...one, counters: { seen: 1, odd: 9 } }), false);
    expect(sum.finish()).toEqual({
      recordsRead: 4,
      recordsMapped: 4,
      bytesRead: 6,
      pairsEmitted: 10,
      pairsCombined: 8,
      spills: 14,
      counters: { seen: 2, odd: 9 },
    });
  });

  it('refuses a task that mapped fewer records than it read, and names it', () => {
    const add = () => new MapTotalsSum().add({ index: 7, input: '', ranges: [] }, mapAccount({ recordsRead: 2 }), false);
    expect(equationOf(add)).toBe('records read = records mapped in map task 7');
  });

  it.each<{ name: string; splits: readonly (readonly OwnedRange[])[] }>([
    { name: 'an object in one range', splits: [[owns('a', 9, [0, 9])]] },
    { name: 'several objects in one split', splits: [[owns('a', 9, [0, 9]), owns('b', 5, [0, 5])]] },
    {
      name: 'pieces that end after the last record which begins in them',
      splits: [[owns('a', 30, [0, 10], [0, 14])], [owns('a', 30, [10, 20], [14, 21])], [owns('a', 30, [20, 30], [21, 30])]],
    },
    { name: 'an empty object', splits: [[owns('a', 0, [0, 0]), owns('b', 4, [0, 4])]] },
    { name: 'empty objects alone', splits: [[owns('a', 0, [0, 0]), owns('b', 0, [0, 0])]] },
    {
      name: 'pieces within one long record, which own nothing',
      splits: [
        [owns('a', 40, [0, 10], [0, 35])],
        [owns('a', 40, [10, 20], [35, 35])],
        [owns('a', 40, [20, 30], [35, 35])],
        [owns('a', 40, [30, 40], [35, 40])],
      ],
    },
    {
      name: 'one record as long as the object',
      splits: [[owns('a', 20, [0, 10], [0, 20])], [owns('a', 20, [10, 20], [20, 20])]],
    },
    { name: 'a compressed object, which tells no bytes', splits: [[owns('z', 9, [0, 9], [-1, -1]), owns('a', 4, [0, 4])]] },
  ])('takes $name', ({ splits }) => {
    addUp(splits).finish();
  });

  const gap = 'starts where the one before ends';
  const end = 'tile it to its end';
  it.each<{ name: string; splits: readonly (readonly OwnedRange[])[]; equation: string }>([
    {
      name: 'a byte that no piece owns',
      splits: [[owns('a', 20, [0, 10])], [owns('a', 20, [10, 20], [11, 20])]],
      equation: `ranges of a tile it: the range at 10 ${gap}`,
    },
    {
      name: 'a byte that two pieces own',
      splits: [[owns('a', 20, [0, 10], [0, 12])], [owns('a', 20, [10, 20], [11, 20])]],
      equation: `ranges of a tile it: the range at 10 ${gap}`,
    },
    {
      name: 'a first record that does not begin at the start',
      splits: [[owns('a', 20, [0, 20], [1, 20])]],
      equation: `ranges of a tile it: the range at 0 ${gap}`,
    },
    { name: 'a byte less than the object has', splits: [[owns('a', 20, [0, 20], [0, 19])]], equation: `ranges of a ${end}` },
    { name: 'a byte more than the object has', splits: [[owns('a', 20, [0, 20], [0, 21])]], equation: `ranges of a ${end}` },
    {
      name: 'a last piece that is missing, with another object behind it',
      splits: [[owns('a', 20, [0, 10])], [owns('b', 4, [0, 4])]],
      equation: `ranges of a ${end}`,
    },
    {
      name: 'a middle piece that is missing',
      splits: [[owns('a', 30, [0, 10])], [owns('a', 30, [20, 30])]],
      equation: `ranges of a tile it: the range at 20 ${gap}`,
    },
    {
      name: 'a piece that was read twice',
      splits: [[owns('a', 20, [0, 10])], [owns('a', 20, [10, 20])], [owns('a', 20, [10, 20])]],
      equation: `ranges of a tile it: the range at 10 ${gap}`,
    },
    {
      name: 'an object that nobody read, between two that were',
      splits: [[owns('a', 4, [0, 4]), owns('b', 9, [0, 9], [0, 0]), owns('c', 4, [0, 4])]],
      equation: `ranges of b ${end}`,
    },
    {
      name: 'an uncompressed object behind a compressed one',
      splits: [[owns('z', 9, [0, 9], [-1, -1]), owns('a', 4, [0, 4], [0, 3])]],
      equation: `ranges of a ${end}`,
    },
  ])('refuses $name', ({ splits, equation }) => {
    expect(equationOf(() => addUp(splits).finish())).toBe(equation);
  });

  it('asks a job that reads its first records only for no tiling', () => {
    addUp([[owns('a', 20, [0, 20], [0, 3]), owns('b', 20, [0, 20], [0, 0])]], true).finish();
  });
});
