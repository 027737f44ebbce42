import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../local/temporary-folder.ts';
import { chapters, wordsOf } from './real-data.ts';
import { contentOf, runJob } from './run-job.ts';
import { numbers, writeJob, writeLines } from './write-job.ts';

const inline = { workers: 'inline', soloBytes: 0 } as const;

/** Seeded: the same numbers every time. */
function randomNumbers(count: number): readonly number[] {
  let state = 12_345;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state;
  });
}

describe('a job', () => {
  it('runs a chain of three steps with a join in it', async () => {
    const folder = temporaryFolder();
    const jobFile = writeJob(
      folder,
      `const visits = defineJob({
        name: 'visits',
        inputs: { visits: input(lines(), (line, emit) => emit(Number(line) % 17, 1)) },
        combine: sum(), reduce: sum(),
      });
      const joined = defineJob({
        inputs: {
          pages: input(csv({ columns: { id: 'number', title: 'string' } }), (page, emit) => emit(page.id, { title: page.title })),
          counts: input(pairs(visits), ([id, count], emit) => emit(id, { count })),
        },
        reduce(id, rows, emit) {
          let title; let count = 0;
          for (const row of rows) { if (row.title !== undefined) title = row.title; else count = row.count; }
          if (title !== undefined) emit(title, count);
        },
      });
      export default defineJob({
        input: pairs(joined),
        map([title, count], emit) { emit(null, [count, title]); },
        combine: top(3), reduce: top(3),
      });`,
    );
    const input = {
      visits: writeLines(folder, numbers(1_000), 'visits.txt'),
      pages: writeLines(folder, ['16,sixteen', '3,three', '14,fourteen', '13,thirteen', '99,none'], 'pages.csv'),
    };
    const count = (id: number) => numbers(1_000).filter((line) => Number(line) % 17 === id).length;
    const titles = [
      [count(3), 'three'],
      [count(13), 'thirteen'],
      [count(14), 'fourteen'],
      [count(16), 'sixteen'],
    ] as const;
    const expected = titles.toSorted((a, b) => b[0] - a[0] || (a[1] < b[1] ? 1 : -1)).slice(0, 3);
    for (const request of [
      { ...inline, splitBytes: 500, reduceTasks: 3 },
      { soloBytes: 0, workers: 2, splitBytes: 1_000 },
      {},
    ] as const) {
      const { pairs, success } = await runJob(jobFile, { ...request, input }, temporaryFolder());
      expect(pairs).toEqual(expected.map((value) => [null, value]));
      expect(success.receipt.steps.map((step) => step.name)).toEqual(['visits', 'step 2', 'step 3']);
    }
  });

  it('gives the same when its combine function runs at many spills, once, or not at all', async () => {
    const text = chapters.files.flatMap((file) => wordsOf(file.text)).slice(0, 60_000);
    const source = (combine: string) => `export default defineJob({
      input: lines(),
      map(line, emit) { emit(line, [1, line.length]); },
      ${combine}
      reduce(word, rows, emit) { let count = 0, letters = 0; for (const row of rows) { count += row[0]; letters += row[1]; } emit(word, [count, letters]); },
    });`;
    const combine = `combine(word, rows, emit) { let count = 0, letters = 0; for (const row of rows) { count += row[0]; letters += row[1]; } emit(word, [count, letters]); },`;
    const folder = temporaryFolder();
    const input = writeLines(folder, text);
    const run = async (combiner: string, memoryBytes: number) => {
      const jobFile = writeJob(folder, source(combiner));
      return await runJob(jobFile, { ...inline, input, memoryBytes, splitBytes: 150_000, reduceTasks: 2 }, temporaryFolder());
    };
    const spilled = await run(combine, 64 * 1024);
    const whole = await run(combine, 256 * 1024 * 1024);
    const plain = await run('', 256 * 1024 * 1024);
    expect(spilled.success.receipt.steps[0]!.map.spills).toBeGreaterThan(5);
    expect(whole.success.receipt.steps[0]!.map.spills).toBe(0);
    expect(spilled.pairs).toEqual(plain.pairs);
    expect(whole.pairs).toEqual(plain.pairs);
    const words = new Map<string, number>();
    for (const word of text) words.set(word, (words.get(word) ?? 0) + 1);
    expect(new Map(plain.pairs.map(([word, row]) => [word, (row as number[])[0]]))).toEqual(words);
  });

  it('with range() gives its parts in key order, one after another', async () => {
    const folder = temporaryFolder();
    const jobFile = writeJob(
      folder,
      `export default defineJob({ map(line, emit) { emit(Number(line) % 5000, line); }, partition: range(), reduce: identity() });`,
    );
    const values = randomNumbers(20_000);
    const input = writeLines(folder, values.map(String));
    const { pairs, parts } = await runJob(jobFile, { ...inline, input, splitBytes: 40_000, reduceTasks: 8 }, folder);
    expect(parts.length).toBeGreaterThan(1);
    expect(pairs).toEqual(values.map((value) => [value % 5000, String(value)]).sort((a, b) => Number(a[0]) - Number(b[0])));
  });

  it('with groupBy gives each group its values in the order of the rest of the key, whatever the partitions', async () => {
    const folder = temporaryFolder();
    const values = randomNumbers(5_000);
    const input = writeLines(folder, values.map(String));
    for (const partition of ['hash()', 'range()']) {
      const jobFile = writeJob(
        folder,
        `export default defineJob({
          map(line, emit) { const n = Number(line); emit(['g' + (n % 50), n, 'x'], n); },
          groupBy: 1, partition: ${partition},
          reduce([group], values, emit) { emit(group, [...values]); },
        });`,
      );
      const { pairs } = await runJob(jobFile, { ...inline, input, splitBytes: 9_000, reduceTasks: 4 }, temporaryFolder());
      expect(pairs).toHaveLength(50);
      for (const [group, list] of pairs as [string, number[]][]) {
        expect(list).toEqual(values.filter((value) => `g${value % 50}` === group).sort((a, b) => a - b));
      }
    }
  });

  it('adds doubles up to the same digit, whatever the splits, the memory and the partitions', async () => {
    const folder = temporaryFolder();
    const jobFile = writeJob(
      folder,
      `export default defineJob({ map(line, emit) { const [key, n] = line.split(' '); emit(key, Number(n)); }, combine: sum(), reduce: sum() });`,
    );
    const values = randomNumbers(3_000).map(
      (value, index) => [index % 7, (value % 2 ? -1 : 1) * value * 10 ** ((value % 40) - 20)] as const,
    );
    const input = writeLines(
      folder,
      values.map(([key, value]) => `${key} ${value}`),
    );
    const seen = new Set<string>();
    for (const options of [
      { splitBytes: 700, reduceTasks: 3 },
      { splitBytes: 5_000, memoryBytes: 64 * 1024 },
      { splitBytes: 30_000, reduceTasks: 1 },
      { soloBytes: 8_000_000 },
    ]) {
      const { pairs } = await runJob(jobFile, { ...inline, ...options, input }, temporaryFolder());
      seen.add(JSON.stringify([...pairs].sort()));
    }
    expect(seen.size).toBe(1);
    const [only] = seen;
    const sums = new Map(JSON.parse(only!) as [string, number][]);
    // Exact: each double times 2 ** 160 is a whole number.
    for (const [key, sum] of sums) {
      const exact = values.filter(([other]) => String(other) === key).reduce((total, [, value]) => total + scaled(value), 0n);
      expect(scaled(sum) - exact < ulpOf(sum) && exact - scaled(sum) < ulpOf(sum)).toBe(true);
    }
  });

  it('gives the same content for one, two and four workers, and in one sandbox', async () => {
    const folder = temporaryFolder();
    const jobFile = writeJob(
      folder,
      `export default defineJob({
        map(line, emit, task) { for (const word of line.split(' ')) emit(word, [task.position.byte, line.length]); },
        reduce: collect(),
        output: jsonl(),
      });`,
    );
    const request = { input: chapters.glob.replace('chapter_*', 'chapter_1*'), splitBytes: 60_000, reduceTasks: 4 };
    const solo = await runJob(jobFile, request, temporaryFolder());
    expect(solo.pairs.length).toBeGreaterThan(5_000);
    const expected = JSON.stringify(contentOf(solo));
    for (const workers of [1, 2, 4]) {
      const ran = await runJob(jobFile, { ...request, workers, soloBytes: 0 }, temporaryFolder());
      expect(JSON.stringify(contentOf(ran)) === expected).toBe(true);
      expect(ran.success.receipt.steps[0]!.map.tasks).toBeGreaterThan(3);
    }
  });
});

describe('an asynchronous job', () => {
  it('keeps the order of records with many in flight', async () => {
    const folder = temporaryFolder();
    const jobFile = writeJob(
      folder,
      `import { setTimeout } from 'node:timers/promises';
      let inFlight = 0;
      export default defineJob({
        concurrency: 8,
        async map(line, emit, task) {
          inFlight += 1;
          const before = inFlight;
          await setTimeout((Number(line) * 7919) % 5);
          emit(task.position.record, [line, before]);
          inFlight -= 1;
        },
      });`,
    );
    const input = writeLines(folder, numbers(300));
    for (const concurrency of [1, 8]) {
      const { pairs } = await runJob(jobFile, { ...inline, input, splitBytes: 600, concurrency, isNew: true }, temporaryFolder());
      expect(pairs.map(([, value]) => (value as [string, number])[0])).toEqual(numbers(300));
      const most = Math.max(...pairs.map(([, value]) => (value as [string, number])[1]));
      expect(most).toBeGreaterThanOrEqual(concurrency);
      expect(most).toBeLessThanOrEqual(concurrency * 8);
      if (concurrency === 1) expect(most).toBe(1);
    }
  });

  it('awaits reduce, and reads values between waits', async () => {
    const folder = temporaryFolder();
    const jobFile = writeJob(
      folder,
      `export default defineJob({
        async map(line, emit) { await null; emit(Number(line) % 3, Number(line)); },
        async reduce(key, values, emit) {
          let total = 0;
          for (const value of values) { await null; total += value; }
          emit(key, total);
        },
      });`,
    );
    const { pairs } = await runJob(
      jobFile,
      { ...inline, input: writeLines(folder, numbers(300)), splitBytes: 300, reduceTasks: 1 },
      folder,
    );
    const total = (key: number) =>
      numbers(300)
        .map(Number)
        .filter((n) => n % 3 === key)
        .reduce((a, b) => a + b);
    expect(pairs).toEqual([0, 1, 2].map((key) => [key, total(key)]));
  });
});

/** A double times 2 ** 160, which is whole for every double of a size above 2 ** -108. */
function scaled(value: number): bigint {
  return BigInt(value * 2 ** 160);
}

/** More than half a unit in the last place, scaled alike. */
function ulpOf(value: number): bigint {
  return BigInt(Math.max(1, Math.abs(value) * 2 ** 108));
}
