import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packJobs } from '../../../lib/node/bundle/pack-jobs.ts';
import { temporaryFolder } from '../../local/temporary-folder.ts';

const program = resolve(import.meta.dirname, '../../../lib/cli/pack-jobs-main.ts');
const count = `import { defineJob, lines, count } from 'refold';
import { key } from './key.ts';
export default defineJob({ input: lines(), params: { column: 2 }, map(line, emit) { emit(key(line), 1); }, reduce: count() });`;

function project(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'count.ts'), count);
  writeFileSync(join(folder, 'key.ts'), 'export const key = (line: string) => line;');
  return folder;
}

function contentOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.\w+$/.test(name));
  return Object.fromEntries(names.toSorted().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

describe('packJobs', () => {
  it('leaves the code under its hash, its source map and the shapes', async () => {
    const folder = project();
    const jobs = await packJobs('out', { count: 'count.ts' }, folder);
    const [job] = jobs;
    expect(JSON.parse(readFileSync(join(folder, 'out/jobs.json'), 'utf8'))).toEqual(jobs);
    expect(job).toMatchObject({ name: 'count', file: 'count.ts', shape: { outsideInputs: [''], params: { column: 2 } } });
    const code = readFileSync(join(folder, `out/jobs/${job?.sha256}.mjs`));
    expect(hash('sha256', code)).toBe(job?.sha256);
    const map = readdirSync(join(folder, 'out/jobs')).find((name) => name.endsWith('.map'));
    expect(code.toString()).toContain(`sourceMappingURL=${map}`);
  });

  it('gives equal bytes for equal sources, wherever they lie, and removes what was packed before', async () => {
    const [first, second] = [project(), temporaryFolder()];
    mkdirSync(join(second, 'deeper'));
    cpSync(first, join(second, 'deeper'), { recursive: true });
    await packJobs('out', { count: 'count.ts' }, first);
    mkdirSync(join(second, 'deeper/out/jobs'), { recursive: true });
    writeFileSync(join(second, 'deeper/out/jobs/old.mjs'), '');
    await packJobs('out', { count: 'count.ts' }, join(second, 'deeper'));
    expect(contentOf(join(second, 'deeper/out'))).toEqual(contentOf(join(first, 'out')));
  });

  it('refuses a name that the stack cannot carry', async () => {
    await expect(packJobs('out', { 'a,b': 'count.ts' }, project())).rejects.toMatchObject({ code: 'REFOLD_INVALID_OPTION' });
  });

  it.each([
    { name: 'ends the process', source: 'process.exit(0);' },
    { name: 'exports no job', source: 'export default 3;' },
  ])('says which module $name', ({ source }) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'bad.ts'), source);
    const { status, stderr } = spawnSync(process.execPath, [program, 'out', 'bad=bad.ts'], { cwd: folder, encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error REFOLD_\w+ {2}the jobs were not packed\n {2}what +.+/);
  });

  it('is told names and files at the command line', () => {
    const folder = project();
    const packed = spawnSync(process.execPath, [program, 'out', 'a=count.ts', 'b=count.ts'], { cwd: folder, encoding: 'utf8' });
    expect(packed).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const jobs = JSON.parse(readFileSync(join(folder, 'out/jobs.json'), 'utf8')) as { name: string }[];
    expect(jobs.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(spawnSync(process.execPath, [program, 'out', 'count.ts'], { encoding: 'utf8' }).stderr).toContain('NAME=FILE');
  });
});
