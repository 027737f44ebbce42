import { describe, expect, it } from 'vitest';
import { Workplace } from '../support/refold.ts';

async function refusalOf(jobFile: string): Promise<string> {
  const workplace = new Workplace();
  workplace.write('job.ts', jobFile);
  workplace.write('in.txt', 'a\nb\n');
  const { exitCode, said } = await workplace.refusalOf('in.txt');
  expect(exitCode).toBe(2);
  expect(said).toContain('REFOLD_JOB_MODULE');
  return said;
}

describe('refold run', () => {
  it('shows the place where a job file does not parse', async () => {
    const said = await refusalOf('const a = 1;\nexport default defineJob({ map(line, emit) { emit(line 1); } });\n');
    expect(said).toMatch(/job\.ts:2:56: Expected "\)" but found "1"/);
    expect(said).toContain('emit(line 1)');
    expect(said).toContain('Fix the error at the place shown.');
  });

  it('shows the line that throws while a job file is loaded', async () => {
    const said = await refusalOf('type Unused = string;\n\nthrow new Error("no such table");\n');
    expect(said).toMatch(/an error was thrown while it was loaded[\s\S]*Error: no such table[\s\S]*job\.ts:3:7/);
    expect(said).not.toContain('/lib/local/');
  });

  it('says that an import cannot be found', async () => {
    const said = await refusalOf('import "no-such-package";\n');
    expect(said).toMatch(/job\.ts:1:8: Could not resolve "no-such-package"/);
    expect(said).toContain('npm install no-such-package');
  });

  it.each(['export const job = 1;', 'export default { map() {} };'])('says what a job file must export: %s', async (jobFile) => {
    const said = await refusalOf(jobFile);
    expect(said).toMatch(/job\.ts: (it has no default export|its default export is no job)/);
    expect(said).toContain('Write: export default defineJob({ … })');
  });

  it('names the field nearest to an unknown one', async () => {
    const said = await refusalOf('import { defineJob } from "refold";\nexport default defineJob({ mapp() {} } as object);\n');
    expect(said).toMatch(/mapp[\s\S]*job\.ts:2:/);
  });

  it('gives up on a top-level await that never settles', async () => {
    const said = await refusalOf('await new Promise(() => {});\nexport default 1;\n');
    expect(said).toMatch(/job\.ts: its top level did not finish within \d+ ms\./);
    expect(said).toContain('Look for a top-level await whose promise never settles.');
  });
});
