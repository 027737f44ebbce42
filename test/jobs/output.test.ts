import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type RunRequest, run } from 'refold';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../local/temporary-folder.ts';
import { runJob } from './run-job.ts';
import { numbers, writeJob, writeLines } from './write-job.ts';

const source = `import { setTimeout } from 'node:timers/promises';
export default defineJob({
  params: { modulus: 3, waitMs: 0 },
  async map(line, emit, { params }) {
    await setTimeout(params.waitMs);
    emit(Number(line) % params.modulus, 1);
  },
  reduce: sum(),
});`;

/** A folder with a job and its input. */
function prepare() {
  const folder = temporaryFolder();
  const request = { input: writeLines(folder, numbers(30)), output: 'out', workers: 'inline', cwd: folder } satisfies RunRequest;
  return { folder, jobFile: writeJob(folder, source), request };
}

describe('a job that may overwrite', () => {
  it('does not overwrite its input behind a link', async () => {
    const { folder, jobFile, request } = prepare();
    mkdirSync(join(folder, 'data'));
    const input = writeLines(join(folder, 'data'), numbers(30), 'part-00000');
    symlinkSync(join(folder, 'data'), join(folder, 'link'));
    const changes = { input: 'data', output: 'link', overwrite: true };
    await expect(run(jobFile, { ...request, ...changes })).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_OVERLAP' });
    expect(readFileSync(input, 'utf8')).toMatch(/^0\n1\n/);
  });
});

describe('a job whose output another job writes', () => {
  it('is refused, also when it names it by a link', async () => {
    const { folder, jobFile, request } = prepare();
    mkdirSync(join(folder, 'out'));
    symlinkSync(join(folder, 'out'), join(folder, 'link'));
    const first = await run(jobFile, { ...request, params: { waitMs: 20 } });
    for await (const event of first.events()) if (event.kind === 'task-begun') break;
    await expect(runJob(jobFile, request, folder, 'link')).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_LEASED' });
    await first.result();
  });
});
