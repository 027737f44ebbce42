import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleJob } from '../../../lib/node/bundle/bundle-job.ts';
import { failureOf, openPool, RUNNER } from '../../local/sandbox/pool-fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'refold-load-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Compiles a job file and runs one task of it, in a task thread as a job would. */
async function runJob(name: string, source: string, module = RUNNER): Promise<unknown> {
  const jobFile = join(folder, name);
  writeFileSync(jobFile, source);
  const { path } = await bundleJob(jobFile, { workFolder: join(folder, 'work') });
  const { pool } = await openPool({ workers: 'inline' });
  pool.prepare({ bundlePath: path, jobFile, runner: { module, settings: null } });
  return await pool.run({ text: 'task' });
}

describe('a loaded bundle', () => {
  it('uses the very engine that loads it', async () => {
    const { engineFile } = await import('../../../lib/node/bundle/engine-file.ts');
    const source = `
      import * as refold from 'refold';
      import { createRequire } from 'node:module';
      export default async () => {
        const url = ${JSON.stringify(engineFile('index').href)};
        const engine = await import(url);
        return [engine.defineJob === refold.defineJob, createRequire(import.meta.url)('refold').defineJob === refold.defineJob];
      };`;
    expect(await runJob('engine.ts', source)).toMatchObject({ answer: [true, true] });
  });

  it('shows the user’s own file and line when it throws at load', async () => {
    const source = `interface Gone { a: 1 }\n\nfunction read(): never {\n  throw new RangeError('no settings');\n}\nexport default read();\n`;
    const failure = await failureOf(runJob('throws.ts', source));
    expect(failure).toMatchObject({ name: 'JobModuleError', retryable: false });
    expect(failure.message).toContain('RangeError: no settings');
    expect(failure.message).toContain(`${join(folder, 'throws.ts')}:4:9`);
    expect(failure.message).not.toContain('node:internal');
  });

  it('shows the user’s own file and line when a task throws', async () => {
    const source = `type Gone = 1;\n\nexport default (text: string) => {\n  return (undefined as unknown as { a: 1 }).a;\n};\n`;
    const failure = await failureOf(runJob('task.ts', source));
    expect(failure).toMatchObject({ name: 'TypeError', code: 'REFOLD_UNKNOWN' });
    expect(String(failure.values.stack)).toContain(`${join(folder, 'task.ts')}:4:45`);
  });

  it('says which name refold does not export', async () => {
    const failure = await failureOf(
      runJob('misspelt.ts', `import { defineJbo } from 'refold';\nexport default defineJbo({});\n`),
    );
    expect(failure.code).toBe('REFOLD_JOB_MODULE');
    expect(failure.message).toContain("does not provide an export named 'defineJbo'");
  });
});
