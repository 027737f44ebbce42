import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunRequest, run } from 'refold';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../local/temporary-folder.ts';
import { contentOf, partsOf, runJob } from './run-job.ts';
import { numbers, writeJob, writeLines } from './write-job.ts';

const source = `import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
export default defineJob({
  params: { modulus: 3, gate: '' },
  async map(line, emit, { params }) {
    for (let tries = 0; params.gate !== '' && !existsSync(params.gate) && tries < 3000; tries++) await setTimeout(10);
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

/** A job in its first task, which goes on when the gate is opened: its output was looked at by then. */
async function startHeld({ folder, jobFile, request }: ReturnType<typeof prepare>) {
  const gate = join(folder, 'gate');
  const job = await run(jobFile, { ...request, params: { gate } });
  for await (const event of job.events()) if (event.kind === 'task-begun') break;
  return { job, open: () => writeFileSync(gate, '') };
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
    const place = prepare();
    const { folder, jobFile, request } = place;
    mkdirSync(join(folder, 'out'));
    symlinkSync(join(folder, 'out'), join(folder, 'link'));
    const { job, open } = await startHeld(place);
    await expect(runJob(jobFile, request, folder, 'link')).rejects.toMatchObject({
      code: 'REFOLD_OUTPUT_LEASED',
      hint: expect.stringContaining(`refold cancel ${job.id},`),
    });
    open();
    await job.result();
  });
});

describe('a job that may not overwrite', () => {
  it('fails when something has come to lie at its output meanwhile, and leaves it there', async () => {
    const place = prepare();
    const { job, open } = await startHeld(place);
    mkdirSync(join(place.folder, 'out'));
    writeFileSync(join(place.folder, 'out/part-00000.tsv'), 'precious');
    open();
    await expect(job.result()).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_OCCUPIED' });
    expect((await job.status()).state).toBe('FAILED');
    expect(readFileSync(join(place.folder, 'out/part-00000.tsv'), 'utf8')).toBe('precious');
    expect(readdirSync(join(place.folder, 'out'))).toEqual(['part-00000.tsv']);
    await expect((await startHeld(place)).job.result()).rejects.toThrow(/out is not empty/);
  });

  it('leaves the output of a job of another work area', async () => {
    const place = prepare();
    const { job, open } = await startHeld(place);
    const other = await runJob(place.jobFile, { ...place.request, workFolder: 'other-area' }, place.folder);
    open();
    await expect(job.result()).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_OCCUPIED' });
    expect(partsOf(join(place.folder, 'out'))).toEqual(other.parts);
    expect(readSuccess(place.folder)).toMatchObject({ jobId: other.jobId });
  });

  it('takes what is left of its own output for its own, and makes it whole', async () => {
    const { folder, jobFile, request } = prepare();
    const changes = { ...request, reduceTasks: 2, soloBytes: 0 };
    const before = await runJob(jobFile, changes, folder);
    rmSync(join(folder, 'out', before.parts[1]!.name));
    const after = await runJob(jobFile, changes, folder);
    expect(contentOf(after)).toEqual(contentOf(before));
    rmSync(join(folder, 'out/_SUCCESS'));
    await expect(runJob(jobFile, changes, folder)).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_OCCUPIED' });
    for (const { name } of before.parts) rmSync(join(folder, 'out', name));
    expect(contentOf(await runJob(jobFile, changes, folder))).toEqual(contentOf(before));
  });

  it('leaves a part that somebody has written in since', async () => {
    const { folder, jobFile, request } = prepare();
    const { parts } = await runJob(jobFile, request, folder);
    writeFileSync(join(folder, 'out', parts[0]!.name), 'corrected by hand');
    await expect(runJob(jobFile, request, folder)).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_OCCUPIED' });
    expect((await runJob(jobFile, { ...request, overwrite: true }, folder)).parts).toEqual(parts);
  });
});

function readSuccess(folder: string): unknown {
  return JSON.parse(readFileSync(join(folder, 'out/_SUCCESS'), 'utf8'));
}
