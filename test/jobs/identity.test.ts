import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunRequest, run } from 'refold';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../local/temporary-folder.ts';
import { contentOf, runJob } from './run-job.ts';
import { numbers, writeJob, writeLines } from './write-job.ts';

const source = `import { appendFileSync } from 'node:fs';
export default defineJob({
  params: { modulus: 3, calls: '' },
  map(line, emit, task) {
    appendFileSync(task.params.calls, 'x');
    emit(Number(line) % task.params.modulus, 1);
  },
  reduce: sum(),
});`;

/** A folder with a job and its input, and how often map was called. */
function prepare() {
  const folder = temporaryFolder();
  const calls = join(folder, 'calls');
  writeFileSync(calls, '');
  const request = { input: writeLines(folder, numbers(30)), output: 'out', workers: 'inline', cwd: folder } satisfies RunRequest;
  return {
    folder,
    jobFile: writeJob(folder, source),
    request: { ...request, params: { calls } },
    calls: () => readFileSync(calls, 'utf8').length,
  };
}

describe('a job run again', () => {
  it('by the same command answers what it did, and runs nothing', async () => {
    const { folder, jobFile, request, calls } = prepare();
    const before = await runJob(jobFile, request, folder);
    expect(calls()).toBe(30);
    const after = await runJob(jobFile, request, folder);
    expect(after.jobId).toBe(before.jobId);
    expect(contentOf(after)).toEqual(contentOf(before));
    expect(after.success).toEqual(before.success);
    expect(calls()).toBe(30);
    // How it is run is no part of what it is.
    expect((await runJob(jobFile, { ...request, workers: 2, concurrency: 3, maxAttempts: 2 }, folder)).jobId).toBe(before.jobId);
    expect(calls()).toBe(30);
  });

  it('whose output is gone runs anew', async () => {
    const { folder, jobFile, request, calls } = prepare();
    const before = await runJob(jobFile, request, folder);
    rmSync(join(folder, 'out'), { recursive: true });
    const after = await runJob(jobFile, request, folder);
    expect(contentOf(after)).toEqual(contentOf(before));
    expect(calls()).toBe(60);
  });

  it('is another job when its params, code, input, options or output are others', async () => {
    const { folder, jobFile, request } = prepare();
    const ids = [(await runJob(jobFile, request, folder)).jobId];
    const idOf = async (changes: object) => {
      const job = await run(jobFile, { ...request, overwrite: true, ...changes });
      await job.result();
      return job.id;
    };
    ids.push(await idOf({ output: 'elsewhere' }));
    ids.push(await idOf({ params: { ...request.params, modulus: 4 } }));
    ids.push(await idOf({ splitBytes: 20 }));
    ids.push(await idOf({ limit: 10 }));
    ids.push(await idOf({ isNew: true }));
    writeFileSync(jobFile, readFileSync(jobFile, 'utf8').replace('emit(Number', 'emit(1 + Number'));
    ids.push(await idOf({}));
    writeLines(folder, numbers(31));
    ids.push(await idOf({}));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is the same job when only a comment of its code has changed', async () => {
    const { folder, jobFile, request, calls } = prepare();
    const before = await runJob(jobFile, request, folder);
    writeFileSync(jobFile, `// A comment.\n${readFileSync(jobFile, 'utf8')}`);
    expect((await runJob(jobFile, request, folder)).jobId).toBe(before.jobId);
    expect(calls()).toBe(30);
  });

  it('does not touch an output that is not its own, unless it may overwrite', async () => {
    const { folder, jobFile, request } = prepare();
    const first = await runJob(jobFile, { ...request, reduceTasks: 3, soloBytes: 0, splitBytes: 30 }, folder);
    const other = { ...request, params: { ...request.params, modulus: 2 } };
    await expect(runJob(jobFile, other, folder)).rejects.toThrow(/out is not empty: it holds/);
    expect((await runJob(jobFile, { ...request, reduceTasks: 3, soloBytes: 0, splitBytes: 30 }, folder)).success).toEqual(
      first.success,
    );
    const second = await runJob(jobFile, { ...other, overwrite: true }, folder);
    expect(second.pairs).toEqual([
      [0, 15],
      [1, 15],
    ]);
    expect(second.parts).toHaveLength(1);
    expect(JSON.parse(readFileSync(join(folder, 'out', '_SUCCESS'), 'utf8'))).toMatchObject({ jobId: second.jobId });
  });
});
