import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { OutputOverlapError } from '../../../lib/coordinator/output-overlap-error.ts';
import { checkPaths, realPath } from '../../../lib/local/files/check-paths.ts';
import { temporaryFolder } from '../temporary-folder.ts';

describe('checkPaths', () => {
  let cwd = '';
  const check = (input: string, output: string) => () => checkPaths({ cwd, inputs: [input], output, workFolder: '.refold' });

  beforeEach(() => {
    cwd = temporaryFolder();
    for (const folder of ['data/2026', 'elsewhere', '.refold', 'odd[1]']) mkdirSync(join(cwd, folder), { recursive: true });
    writeFileSync(join(cwd, 'data/part-00000'), 'a');
    symlinkSync(join(cwd, 'data'), join(cwd, 'link'));
    symlinkSync(join(cwd, 'data/part-00000'), join(cwd, 'elsewhere/one'));
  });

  it.each([
    { name: 'the input itself', input: 'data', output: 'data/', says: 'is the input data' },
    { name: 'the input by way of a link', input: 'data', output: 'link', says: 'is the input data' },
    { name: 'the input, which is a link', input: 'link', output: 'data', says: 'is the input link' },
    { name: 'a new folder behind a link into the input', input: 'data', output: 'link/new/deep', says: 'lies in the input data' },
    { name: 'where the file lies that the input leads to', input: 'elsewhere/one', output: 'data', says: 'contains' },
    { name: 'the folder of a glob behind a link', input: 'data/part-*', output: 'link', says: 'contains' },
    { name: 'the folder of a glob through a link', input: 'link/part-*', output: 'data', says: 'contains' },
    { name: 'what a glob would read', input: 'link/*/*.tsv', output: 'data/out', says: 'would be matched by' },
    { name: 'below a folder that a glob names', input: 'data/20*', output: 'link/2026/out', says: 'would be matched by' },
    { name: 'an input that only looks like a glob', input: 'odd[1]', output: 'odd[1]', says: 'is the input odd[1]' },
    { name: 'the work area', input: 'data', output: '.refold', says: 'is the work area .refold' },
    { name: 'a folder in the work area', input: 'data', output: '.refold/jobs', says: 'lies in the work area .refold' },
    { name: 'a folder around the work area', input: 'data', output: '.', says: 'contains' },
  ])('refuses an output that is $name', ({ input, output, says }) => {
    expect(check(input, output)).toThrow(OutputOverlapError);
    expect(check(input, output)).toThrow(says);
  });

  it('takes an output beside the input, whatever its name starts with', () => {
    expect(check('data', 'data-out')).not.toThrow();
    expect(check('data', 'elsewhere/out')).not.toThrow();
    expect(check('data/*.tsv', 'data/out')).not.toThrow();
    expect(check('link', 'out')).not.toThrow();
  });
});

describe('realPath', () => {
  it('follows links up to the nearest folder that is there', () => {
    const folder = realpathSync(temporaryFolder());
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    expect(realPath(join(folder, 'link'))).toBe(join(folder, 'real'));
    expect(realPath(join(folder, 'link/a/b'))).toBe(join(folder, 'real/a/b'));
    expect(realPath('/')).toBe('/');
  });
});
