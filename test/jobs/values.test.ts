import { run } from 'refold';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../local/temporary-folder.ts';
import { runJob } from './run-job.ts';
import { numbers, writeJob, writeLines } from './write-job.ts';

const map = `input: lines(), map(line, emit) { emit(Number(line) % 5, Number(line)); },`;

/** Runs a job over 0 … 99 in five groups of twenty values. */
async function runFive(fields: string, source = '') {
  const folder = temporaryFolder();
  const jobFile = writeJob(folder, `${source}\nexport default defineJob({ maxAttempts: 1, ${map} ${fields} });`);
  return await runJob(
    jobFile,
    { input: writeLines(folder, numbers(100)), workers: 'inline', soloBytes: 0, splitBytes: 100 },
    folder,
  );
}

describe('the values of a group', () => {
  it('that are left unread are counted as skipped', async () => {
    const { pairs, success } = await runFive(`reduce(key, values, emit) {
      let read = 0;
      if (key === 0) return emit(key, 'none');
      for (const value of values) if (++read === key) break;
      emit(key, read);
    },`);
    expect(pairs).toEqual([
      [0, 'none'],
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ]);
    expect(success.receipt.steps[0]!.reduce).toMatchObject({
      recordsFetched: 100,
      recordsDelivered: 10,
      recordsSkipped: 90,
      groups: 5,
    });
  });

  it.each([
    { name: 'read twice', body: 'for (const value of values); for (const value of values); emit(key, 1);' },
    { name: 'read again after a break', body: 'for (const value of values) break; emit(key, [...values].length);' },
    { name: 'read after the call', body: 'if (kept !== undefined) [...kept]; kept = values; emit(key, 1);', source: 'let kept;' },
  ])('are refused when they are $name', async ({ body, source = '' }) => {
    await expect(runFive(`reduce(key, values, emit) { ${body} },`, source)).rejects.toThrow(
      /reduce failed.*values can be read once/s,
    );
  });

  it('can be taken one by one, then the rest', async () => {
    const { pairs } = await runFive(`reduce(key, values, emit) {
      const iterator = values[Symbol.iterator]();
      const { value: first } = iterator.next();
      let rest = 0;
      for (const value of iterator) rest += 1;
      emit(key, [first, rest]);
    },`);
    expect(pairs).toEqual([0, 1, 2, 3, 4].map((key) => [key, [key, 19]]));
  });

  it('are finished by a built-in combiner before a reduce of another kind sees them', async () => {
    const total = (key: number) => 20 * key + 5 * 190;
    const keys = [0, 1, 2, 3, 4];
    const called = await runFive(`combine: sum(), reduce(key, values, emit) { emit(key, [...values]); },`);
    expect(called.pairs).toEqual(keys.map((key) => [key, [total(key)]]));
    const passed = await runFive(`combine: sum(), reduce: identity(),`);
    expect(passed.pairs).toEqual(keys.map((key) => [key, total(key)]));
    const collected = await runFive(`combine: sum(), reduce: collect(),`);
    expect(collected.pairs).toEqual(keys.map((key) => [key, [total(key)]]));
    const smallest = await runFive(`combine: top(3), reduce: top(1, { by: 'smallest' }),`);
    expect(smallest.pairs).toEqual(keys.map((key) => [key, 85 + key]));
    expect(called.success.receipt.steps[0]!.reduce).toMatchObject({ recordsDelivered: 5, recordsSkipped: 0 });
  });

  it('are combined by whole keys and grouped by their beginning', async () => {
    const source = `const byHundreds = { input: lines(), map(line, emit) { emit([Number(line) % 2, Number(line) % 10, line.length], 1); }, groupBy: 1 };`;
    const run = async (fields: string) => {
      const folder = temporaryFolder();
      const jobFile = writeJob(folder, `${source} export default defineJob({ ...byHundreds, ${fields} });`);
      const request = {
        input: writeLines(folder, numbers(100)),
        workers: 'inline',
        soloBytes: 0,
        splitBytes: 100,
        reduceTasks: 2,
      } as const;
      return (await runJob(jobFile, request, folder)).pairs.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
    };
    // Keys [parity, last digit, length]: one number of one digit and nine of two end in each digit.
    const counts = [1, 9, 1, 9, 1, 9, 1, 9, 1, 9];
    expect(await run('combine: sum(), reduce: sum()')).toEqual([
      [[0], 50],
      [[1], 50],
    ]);
    expect(await run('combine: sum(), reduce: collect()')).toEqual([
      [[0], counts],
      [[1], counts],
    ]);
    expect(await run('combine: count(), reduce(key, values, emit) { emit(key, [...values]); }')).toEqual([
      [[0], counts],
      [[1], counts],
    ]);
  });

  it('are refused in a combine function as in reduce when they are read twice', async () => {
    const combine = 'combine(key, values, emit) { for (const value of values) emit(key, value); [...values]; },';
    await expect(runFive(`${combine} reduce: sum(),`)).rejects.toThrow(/combine failed.*values can be read once/s);
  });
});

describe('reduce', () => {
  it('names the key that it failed at', async () => {
    const folder = temporaryFolder();
    const jobFile = writeJob(
      folder,
      `export default defineJob({ maxAttempts: 1, ${map} reduce(key) { if (key === 3) throw new Error('no luck'); } });`,
    );
    const job = await run(jobFile, { input: writeLines(folder, numbers(100)), cwd: folder, output: 'out' });
    await expect(job.result()).rejects.toThrow(/reduce failed at key 3.*no luck/s);
    expect((await job.status()).state).toBe('FAILED');
  });
});
