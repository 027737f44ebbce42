import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../local/temporary-folder.ts';
import { runJob } from './run-job.ts';
import { numbers, writeJob, writeLines } from './write-job.ts';

const phases = { soloBytes: 0, workers: 'inline', reduceTasks: 1 } as const;

describe('a job with a limit', () => {
  it('reads all pairs that an earlier step left: the limit is one of inputs', async () => {
    const folder = temporaryFolder();
    const jobFile = writeJob(
      folder,
      `const first = defineJob({
        input: lines(),
        map(line, emit) { for (let copy = 0; copy < 10; copy++) emit(Number(line) * 10 + copy, 1); },
        reduce: sum(),
      });
      export default defineJob({
        input: pairs(first),
        map([key, n], emit) { emit('all', n); },
        reduce: sum(),
      });`,
    );
    const { pairs } = await runJob(jobFile, { ...phases, input: writeLines(folder, numbers(100)), limit: 3 }, folder);
    expect(pairs).toEqual([['all', 30]]);
  });

  it('reads its first records in all, however many objects they lie in', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'in'));
    for (let index = 0; index < 5_100; index++) writeFileSync(join(folder, 'in', String(index).padStart(5, '0')), `${index}\n`);
    const jobFile = writeJob(
      folder,
      `export default defineJob({ input: lines(), map(line, emit) { emit('all', 1); }, reduce: sum() });`,
    );
    const { pairs, success } = await runJob(jobFile, { ...phases, input: 'in', limit: 7 }, folder);
    expect(pairs).toEqual([['all', 7]]);
    expect(success.receipt.steps[0]!.map.tasks).toBe(1);
  });
});
