import { existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type LocalJob, run } from 'refold';
import { describe, expect, it } from 'vitest';
import type wordCount from '../../../examples/word-count.ts';
import type { TaskEvent } from '../../../lib/local/job/local-functions.ts';
import { pairsOf } from '../../jobs/run-job.ts';
import { numbers, writeJob, writeLines } from '../../jobs/write-job.ts';
import { until, Workplace } from '../../support/refold.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const phases = { soloBytes: 0, splitBytes: 200, reduceTasks: 2 } as const;
const examples = new URL('../../../examples/', import.meta.url);

/** Waits a little at every tenth record, so that there is time to do something to the job. */
const slowSource = `import { setTimeout } from 'node:timers/promises';
export default defineJob({
  async map(line, emit, task) {
    task.counter('records').add(1);
    if (Number(line) % 10 === 0) await setTimeout(20);
    emit(Number(line) % 7, 1);
  },
  reduce: sum(),
});`;

async function stateOf(job: LocalJob): Promise<string> {
  return (await job.status()).state;
}

describe('run', () => {
  it('takes a path or a URL and answers a handle with typed pairs in the order of the parts', async () => {
    const folder = temporaryFolder();
    const input = writeLines(folder, ['a b a', 'c a']);
    const job = await run<typeof wordCount>(new URL('word-count.ts', examples), { input, output: 'out', cwd: folder });
    expect(job.id).toMatch(/^word-count-/);
    const total = new Map<string, number>();
    for await (const [word, count] of job.output()) total.set(word.toUpperCase(), count + 0);
    expect([...total]).toEqual([
      ['A', 3],
      ['B', 1],
      ['C', 1],
    ]);
    expect(await job.status()).toMatchObject({ jobId: job.id, state: 'DONE', run: 1, error: null });
    const { parts } = await job.result();
    expect(parts).toMatchObject([{ name: 'part-00000.tsv', records: 3 }]);
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(['_SUCCESS', 'part-00000.tsv']);
  });

  it('says how a job stands as soon as it was started, and of one that was refused why', async () => {
    const folder = temporaryFolder();
    const request = { input: writeLines(folder, numbers(20)), output: 'out', cwd: folder };
    const jobFile = writeJob(folder, slowSource);
    const job = await run(jobFile, request);
    expect(await job.status()).toMatchObject({ jobId: job.id, run: 1 });
    await job.result();
    const refused = await run(jobFile, { ...request, isNew: true });
    await expect(refused.status()).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_OCCUPIED' });
  });

  it('refuses an output in the finished output of a job, also by way of a link, and the reverse', async () => {
    const cwd = temporaryFolder();
    const request = { input: writeLines(cwd, ['1']), cwd };
    const jobFile = writeJob(cwd, slowSource);
    await (await run(jobFile, { ...request, output: 'out/first' })).result();
    symlinkSync(join(cwd, 'out/first'), join(cwd, 'link'));
    for (const output of ['out/first/sub', 'out/first/a/b', 'link/sub']) {
      await expect(run(jobFile, { ...request, output })).rejects.toMatchObject({
        code: 'REFOLD_OUTPUT_OVERLAP',
        message: expect.stringMatching(/lies in the output \S*out\/first of /),
      });
    }
    const around = await run(jobFile, { ...request, output: 'out' });
    await expect(around.result()).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_OCCUPIED' });
    writeFileSync(join(cwd, 'out/_SUCCESS'), ''); // Of another program.
    await (await run(jobFile, { ...request, output: 'out/second' })).result();
  });

  it.each([
    {
      what: 'an unknown option',
      call: { splitBites: 3 },
      says: 'splitBites is not one of its options',
      does: 'Did you mean splitBytes?',
    },
    { what: 'no input', call: { input: undefined }, says: 'input: undefined is not a path', does: 'Give input: PATH' },
    { what: 'no output', call: { output: undefined }, says: 'output: undefined is not a path', does: 'Give output: PATH' },
    { what: 'a function for a file', file: () => 1, says: 'is not a path or a URL', does: 'only a module can travel to workers' },
  ])('refuses $what, as no type check may have', async ({ file = 'job.ts', call = {}, says, does }) => {
    const cwd = temporaryFolder();
    const request = { input: writeLines(cwd, ['a']), output: 'out', cwd, ...call };
    writeJob(cwd, slowSource);
    const refused = {
      code: 'REFOLD_INVALID_OPTION',
      message: expect.stringContaining(says),
      hint: expect.stringContaining(does),
    };
    await expect(run(file as string, request as never)).rejects.toMatchObject(refused);
  });

  it('gives keys and values back exactly', async () => {
    const folder = temporaryFolder();
    const jobFile = writeJob(
      folder,
      `export default defineJob({
        map(line, emit) {
          emit([1n, 'x', null, true, new Uint8Array([0, 255])], { when: new Date(0), big: 2n ** 70n, bytes: new Uint8Array([1]), map: new Map([[1, new Set(['a'])]]), zero: -0, none: undefined });
        },
        output: jsonl(),
      });`,
    );
    const job = await run(jobFile, { input: writeLines(folder, ['1']), output: 'out', cwd: folder }).catch(
      (error: Error) => error,
    );
    if (job instanceof Error) throw job;
    const value = {
      when: new Date(0),
      big: 2n ** 70n,
      bytes: new Uint8Array([1]),
      map: new Map([[1, new Set(['a'])]]),
      zero: -0,
      none: undefined,
    };
    expect(await pairsOf(job)).toEqual([[[1n, 'x', null, true, new Uint8Array([0, 255])], value]]);
  });

  it('tells what happens, from the first task to the last', async () => {
    const folder = temporaryFolder();
    const request = { ...phases, input: writeLines(folder, numbers(300)), output: 'out', cwd: folder, workers: 2 };
    const job = await run(writeJob(folder, slowSource), request);
    const events: TaskEvent[] = [];
    for await (const event of job.events()) events.push(event);
    const { receipt } = await job.result();
    const ended = (role: string) =>
      events.filter((event) => event.kind === 'task-ended' && event.role === role && event.ok).length;
    expect(ended('map')).toBe(receipt.steps[0]!.map.tasks);
    expect(ended('reduce')).toBe(receipt.steps[0]!.reduce.tasks);
    expect(events.at(-1)).toMatchObject({ kind: 'state', next: 'done' });
    // Late listeners get nothing, and an end.
    for await (const event of job.events()) throw new Error(`the job has ended: ${event.kind}`);
  });

  it('changes the number of workers while the job runs', async () => {
    const folder = temporaryFolder();
    const request = { ...phases, input: writeLines(folder, numbers(400)), output: 'out', cwd: folder, workers: 1 };
    const job = await run(writeJob(folder, slowSource), request);
    const pids = new Set<number>();
    for await (const event of job.events()) {
      if (event.kind !== 'task-begun') continue;
      if (pids.size === 0) job.scale(3);
      pids.add(event.pid);
    }
    expect((await job.result()).counters).toEqual({ records: 400 });
    expect(pids.size).toBeGreaterThan(1);
  });

  it('stops when it is cancelled, and goes on when it is run again', async () => {
    const folder = temporaryFolder();
    const jobFile = writeJob(folder, slowSource);
    const request = { ...phases, input: writeLines(folder, numbers(400)), output: 'out', cwd: folder, workers: 1 };
    const job = await run(jobFile, request);
    for await (const event of job.events()) {
      if (event.kind === 'task-ended' && event.role === 'map' && event.index >= 2) break;
    }
    await job.cancel();
    await expect(job.result()).rejects.toThrow(/cancelled/);
    await expect(pairsOf(job)).rejects.toThrow(/cancelled/);
    const { state, steps } = await job.status();
    expect(state).toBe('CANCELLED');
    const committed = steps[0]!.map.committed;
    expect(committed).toBeGreaterThan(0);
    expect(existsSync(join(folder, 'out'))).toBe(false);

    const again = await run(jobFile, request);
    expect(again.id).toBe(job.id);
    let begun = 0;
    for await (const event of again.events()) if (event.kind === 'task-begun' && event.role === 'map') begun += 1;
    const { receipt, counters } = await again.result();
    expect(begun).toBe(receipt.steps[0]!.map.tasks - committed);
    expect(counters).toEqual({ records: 400 });
    expect((await again.status()).run).toBe(2);
    await again.cancel(); // Of a job that is done: nothing happens.
    expect((await again.status()).state).toBe('DONE');
  });

  it('is cancelled right after its start', async () => {
    const folder = temporaryFolder();
    const request = { ...phases, input: writeLines(folder, numbers(400)), output: 'out', cwd: folder, workers: 1 };
    const job = await run(writeJob(folder, slowSource), request);
    await job.cancel();
    await expect(job.result()).rejects.toMatchObject({ code: 'REFOLD_CANCELLED' });
    expect((await job.status()).state).toBe('CANCELLED');
  });

  it('is done when it is cancelled in its commit', async () => {
    const folder = temporaryFolder();
    const input = writeLines(folder, numbers(400));
    const jobFile = writeJob(folder, 'export default defineJob({ map(line, emit) { emit(line, 1); }, reduce: sum() });');
    const job = await run(jobFile, { ...phases, input, output: 'out', cwd: folder, workers: 'inline', reduceTasks: 100 });
    while (!['COMMITTING', 'DONE'].includes(await stateOf(job))) await setTimeout(1);
    await job.cancel();
    expect((await job.result()).parts).toHaveLength(100);
    expect(await stateOf(job)).toBe('DONE');
  });

  it.each([
    { name: 'no default export', source: 'export const job = 1;', says: /job\.ts.*default/s },
    {
      name: 'an export that is no job',
      source: 'export default { map() {} };',
      says: /job\.ts: its default export is no job \(it is an object\)/,
    },
    { name: 'a syntax error', source: 'export default defineJob({ map(line { } });', says: /job\.ts.*job\.ts:2/s },
    { name: 'an error when it loads', source: 'throw new Error("no such luck");', says: /job\.ts.*no such luck/s },
    { name: 'a wrong definition', source: 'export default defineJob({ mapp() {} });', says: /mapp is not a field of a job/ },
    { name: 'an import that is not there', source: 'import "./nowhere.ts"; export default 1;', says: /job\.ts.*nowhere/s },
  ])('names the file of a module with $name, and the cause', async ({ source, says }) => {
    const folder = temporaryFolder();
    const jobFile = writeJob(folder, source);
    await expect(run(jobFile, { input: writeLines(folder, ['a']), output: 'out', cwd: folder })).rejects.toThrow(says);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  it('refuses a module, an input or inputs that are not there', async () => {
    const folder = temporaryFolder();
    const jobFile = writeJob(folder, slowSource);
    const input = writeLines(folder, ['1']);
    const request = { input, output: 'out', cwd: folder };
    await expect(run(join(folder, 'nowhere.ts'), request)).rejects.toThrow(/nowhere\.ts/);
    await expect(run(jobFile, { ...request, input: 'nowhere.txt' })).rejects.toThrow(/nowhere\.txt/);
    await expect(run(jobFile, { ...request, input: { logs: input } })).rejects.toThrow(/logs/);
    await expect(run(jobFile, { ...request, splitBytes: 0 })).rejects.toThrow(/splitBytes/);
    await expect(run(jobFile, { ...request, output: input })).rejects.toThrow(/output/i);
  });
});

describe('a program that calls run', () => {
  const program = (
    folder: string,
    jobFile: string,
  ) => `import { run } from ${JSON.stringify(new URL('../../../lib/index.ts', import.meta.url).href)};
    const job = await run(${JSON.stringify(pathToFileURL(jobFile).href)}, {
      input: 'input.txt', output: 'out', cwd: ${JSON.stringify(folder)}, workers: 2, soloBytes: 0, splitBytes: 200,
    });
    console.error('started');
    await job.result();
    console.log('done');`;

  it('ends by itself after the result', async () => {
    const place = new Workplace();
    writeLines(place.folder, numbers(100));
    place.write('program.mjs', program(place.folder, writeJob(place.folder, slowSource)));
    const ended = await place.startNode(place.path('program.mjs')).ended;
    expect(ended).toMatchObject({ exitCode: 0, stdout: 'done\n', stderr: 'started\n' });
    expect(place.processes()).toEqual([]);
  });

  it('leaves no worker behind when it is killed, and the job goes on in the next', async () => {
    const place = new Workplace();
    writeLines(place.folder, numbers(2_000));
    const jobFile = writeJob(place.folder, slowSource);
    writeFileSync(place.path('program.mjs'), program(place.folder, jobFile));
    const { child, ended, said } = place.startNode(place.path('program.mjs'));
    await until(() => said() !== '' && place.processes().length >= 3);
    child.kill('SIGKILL');
    expect(await ended).toMatchObject({ signal: 'SIGKILL' });
    await until(() => place.processes().length === 0, 10_000);
    const again = await place.startNode(place.path('program.mjs')).ended;
    expect(again).toMatchObject({ exitCode: 0, stdout: 'done\n' });
    const total = place.lines().reduce((sum, line) => sum + Number(line.split('\t')[1]), 0);
    expect(total).toBe(2_000);
  });
});
