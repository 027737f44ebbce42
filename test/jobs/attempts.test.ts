import { join } from 'node:path';
import { run } from 'refold';
import { describe, expect, it } from 'vitest';
import type { TaskEvent } from '../../lib/local/job/local-functions.ts';
import { temporaryFolder } from '../local/temporary-folder.ts';
import { pairsOf, runJob } from './run-job.ts';
import { numbers, writeJob, writeLines } from './write-job.ts';

const phases = { soloBytes: 0, workers: 'inline', reduceTasks: 2 } as const;

describe('an attempt', () => {
  it('calls setup before its first record and cleanup after its last, whose pairs count', async () => {
    const folder = temporaryFolder();
    const jobFile = writeJob(
      folder,
      `let seen;
      export default defineJob({
        input: lines(),
        setup(task) { seen = []; if (task.position !== undefined) throw new Error('there is no record yet'); },
        map(line, emit) { seen.push(line); },
        async cleanup(emit, task) { await null; emit(task.index, seen.join(' ')); },
        reduce: collect(),
      });`,
    );
    const { pairs, success } = await runJob(
      jobFile,
      { ...phases, input: writeLines(folder, numbers(100)), splitBytes: 100 },
      folder,
    );
    const tasks = success.receipt.steps[0]!.map.tasks;
    expect(tasks).toBeGreaterThan(2);
    const lists = (pairs as unknown as [number, string[]][]).toSorted(([a], [b]) => a - b);
    expect(lists.map(([index]) => index)).toEqual(Array.from({ length: tasks }, (_, index) => index));
    expect(lists.flatMap(([, list]) => list).join(' ')).toBe(numbers(100).join(' '));
    expect(success.receipt.steps[0]!.map).toMatchObject({ recordsRead: 100, pairsEmitted: tasks });
  });

  it.each([
    { where: 'in two workers', request: { soloBytes: 0, workers: 2, splitBytes: 100 } },
    { where: 'in one sandbox', request: { splitBytes: 100 } },
  ] as const)('that fails is tried again, and its counters do not count, $where', async ({ request }) => {
    const folder = temporaryFolder();
    const jobFile = writeJob(
      folder,
      `import { existsSync, writeFileSync } from 'node:fs';
      export default defineJob({
        params: { folder: '' },
        input: lines(),
        map(line, emit, task) {
          task.counter('records').add(1);
          task.counter('sum').add(Number(line));
          const marker = task.params.folder + '/failed-' + line;
          if (Number(line) % 60 === 59 && !existsSync(marker)) {
            writeFileSync(marker, '');
            throw new Error('not the first time');
          }
          emit(Number(line) % 10, task.attempt);
        },
        reduce(key, attempts, emit, task) {
          task.counter('groups').add(1);
          const marker = task.params.folder + '/failed-at-key-' + key;
          if (key === 4 && !existsSync(marker)) {
            writeFileSync(marker, '');
            throw new Error('not the first time');
          }
          emit(key, Math.max(...attempts));
        },
      });`,
    );
    const input = writeLines(folder, numbers(200));
    // In one sandbox each of the four failures ends the one task.
    const { pairs, success } = await runJob(
      jobFile,
      { ...request, maxAttempts: 5, reduceTasks: 2, input, params: { folder } },
      folder,
    );
    expect(success.counters).toEqual({ records: 200, sum: (199 * 200) / 2, groups: 10 });
    expect(pairs).toHaveLength(10);
    // The task with the failed record ran again: its pairs come from its second attempt, or a later one where tasks share one.
    expect(Math.max(...pairs.map(([, attempt]) => attempt as number))).toBeGreaterThan(1);
    const { attempts } = success.receipt.steps[0]!.reduce;
    expect(attempts.failed).toBeGreaterThan(0);
    expect(attempts.begun).toBe(attempts.committed + attempts.failed);
  });

  it('knows its position, index and params, and logs', async () => {
    const folder = temporaryFolder();
    const jobFile = writeJob(
      folder,
      `export default defineJob({
        params: { prefix: 'a', width: 2, isLoud: false },
        input: lines(),
        map(line, emit, task) {
          if (line === '7') task.log('seven');
          emit(line, [task.position, task.index, task.attempt, task.input, task.params, task.signal.aborted]);
        },
      });`,
    );
    const input = writeLines(folder, numbers(20));
    const request = { ...phases, input, splitBytes: 20, params: { width: 3, isLoud: 'true' }, cwd: folder, output: 'out' };
    const job = await run(jobFile, request);
    const events: TaskEvent[] = [];
    for await (const event of job.events()) events.push(event);
    await job.result();
    const pairs = await pairsOf(job);
    const params = { prefix: 'a', width: 3, isLoud: true };
    const tasks = new Map<string, unknown[]>((pairs as [string, unknown[]][]).map(([line, task]) => [line, task]));
    expect(tasks.get('0')).toEqual([{ object: input, byte: 0, record: 0 }, 0, 1, '', params, false]);
    expect(tasks.get('19')).toEqual([
      { object: input, byte: 47, record: expect.any(Number) },
      expect.any(Number),
      1,
      '',
      params,
      false,
    ]);
    expect(tasks.get('19')![1]).toBeGreaterThan(0);
    expect(events.filter((event) => event.kind === 'task-log')).toMatchObject([{ line: 'seven', role: 'map' }]);
  });

  it('is refused a param that the job has not, or of another type', async () => {
    const folder = temporaryFolder();
    const jobFile = writeJob(folder, `export default defineJob({ params: { width: 2 }, map(line, emit) { emit(line, 1); } });`);
    const request = { input: writeLines(folder, ['a']), cwd: folder, output: join(folder, 'out') };
    await expect(run(jobFile, { ...request, params: { widht: 3 } })).rejects.toThrow(/widht/);
    await expect(run(jobFile, { ...request, params: { width: 'wide' } })).rejects.toThrow(/a number, like its default 2/);
  });
});
