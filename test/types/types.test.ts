import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const tsc = join(root, 'node_modules', '.bin', 'tsc');

describe('the types of a job', () => {
  it('infer from the annotation of emit, and refuse what is wrong at its own line', async () => {
    expect(await compile([join(import.meta.dirname, 'infers.ts'), join(import.meta.dirname, 'refuses.ts')])).toEqual([]);
  });

  it('name the line of a wrong combiner, not that of the job', async () => {
    const file = await scratchFile(`import { defineJob, type Emit, lines, sum } from 'refold';

export default defineJob({
  input: lines(),
  map(line, emit: Emit<string, string>) {
    emit(line, line);
  },
  combine: sum(),
  reduce: sum(),
});
`);
    const errors = await compile([file]);
    expect(errors.map((line) => /\((\d+),/.exec(line)?.[1])).toEqual(['8', '9']);
  });
});

/** In the repository, where `refold` is found as the config says. */
async function scratchFile(text: string): Promise<string> {
  const folder = await mkdtemp(join(root, 'test', 'types', 'scratch-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'job.ts');
  await writeFile(file, text);
  return file;
}

/** The errors of the compiler in the files, under the repository's own options. */
async function compile(files: readonly string[]): Promise<readonly string[]> {
  const config = await mkdtemp(join(root, 'test', 'types', 'scratch-'));
  onTestFinished(() => rm(config, { recursive: true, force: true }));
  const file = join(config, 'tsconfig.json');
  await writeFile(
    file,
    JSON.stringify({
      extends: '../../../tsconfig.json',
      compilerOptions: { paths: { refold: ['../../../lib/index.ts'] } },
      include: [],
      files,
    }),
  );
  const output = await new Promise<string>((done) =>
    execFile(tsc, ['-p', file], { cwd: root }, (_error, stdout) => done(stdout)),
  );
  return output.split('\n').filter((line) => line.startsWith('test/types/'));
}
