import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundleJob } from '../../../lib/node/bundle/bundle-job.ts';
import { JobModuleError } from '../../../lib/node/bundle/job-module-error.ts';

let folder: string;
let workFolder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'refold-bundle-'));
  workFolder = join(folder, '.refold');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const JOB = `import { defineJob, lines, type Emit } from 'refold';\nexport default defineJob({ input: lines(), map(line, emit: Emit<string, number>) { emit(line, 1); } });\n`;

function write(path: string, text: string): string {
  const full = join(folder, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
  return full;
}

async function codeOf(path: string): Promise<string> {
  return readFileSync((await bundleJob(path, { workFolder })).path, 'utf8');
}

async function errorOf(path: string): Promise<JobModuleError> {
  const error = await bundleJob(path, { workFolder }).catch((thrown: unknown) => thrown);
  if (error instanceof JobModuleError) return error;
  throw new Error(`expected a JobModuleError, got ${JSON.stringify(error)}`);
}

describe('bundleJob', () => {
  it('makes one file, named by its content, that leaves refold outside and takes everything else in', async () => {
    write('node_modules/dep/index.js', `const os = require('os'); module.exports = () => os.EOL + __dirname.length;`);
    write('norm.ts', 'export const norm = (text: string): string => text.toLowerCase();');
    const entry = write(
      'job.ts',
      `import dep from 'dep';\nimport { norm } from './norm.ts';\n${JOB}export const all = [dep(), norm('A')];\n`,
    );
    const bundle = await bundleJob(entry, { workFolder });
    const bytes = readFileSync(bundle.path);
    expect(bundle).toEqual({
      sha256: createHash('sha256').update(bytes).digest('hex'),
      path: join(workFolder, 'code', `${bundle.sha256}.mjs`),
      name: 'job',
    });
    expect(bytes.toString().match(/^import .* from .*;/gm)).toHaveLength(2); // refold, and Node's own module for require.
    expect(bytes.toString()).toContain('from "refold"');
    expect(readdirSync(join(workFolder, 'code')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it.each(['job.mts', 'job.js', 'job.mjs', 'job.tsx', 'job.cjs'])('takes %s', async (name) => {
    const source = name.endsWith('.cjs') ? 'module.exports = 42;' : 'export default 42;';
    expect(await codeOf(write(name, source))).toContain('42');
  });

  it('gives equal bytes for equal sources, wherever they lie, and whatever their comments and types say', async () => {
    const files = (at: string, note: string): string => {
      write(`${at}/lib/norm.ts`, `// ${note}\nexport const norm = (text: string) => text.trim();`);
      write(`${at}/node_modules/dep/index.js`, 'exports.dep = 1;');
      return write(
        `${at}/job.ts`,
        `/* ${note} */ import { dep } from 'dep';\nimport { norm } from './lib/norm.ts';\n${JOB}export const used = [dep, norm];\n`,
      );
    };
    const first = await bundleJob(files('a', 'one'), { workFolder });
    const second = await bundleJob(files('b/c', 'two\n\n'), { workFolder: join(folder, 'elsewhere/work') });
    expect(second.sha256).toBe(first.sha256);
    const other = await bundleJob(write('d/job.ts', `${JOB}export const used = 1;`), { workFolder });
    expect(other.sha256).not.toBe(first.sha256);
  });

  it('maps stacks to the source, also after a packaged require', async () => {
    write('node_modules/dep/index.js', `module.exports = require('os').EOL;`);
    const entry = write(
      'job.ts',
      `import dep from 'dep';\n\ninterface Gone { a: 1 }\n\nexport function fail(): never {\n  throw new Error('here' + dep);\n}\nfail();\n`,
    );
    const { path } = await bundleJob(entry, { workFolder });
    const { stderr } = spawnSync(process.execPath, ['--enable-source-maps', path], { encoding: 'utf8' });
    expect(stderr).toContain(`${entry}:6:9`);
  });

  it('says where a file does not parse, with its line', async () => {
    const error = await errorOf(write('job.ts', 'export default defineJob({\n  map(line) { emit(; },\n});\n'));
    expect(error).toMatchObject({ name: 'JobModuleError', code: 'REFOLD_JOB_MODULE', retryable: false });
    expect(error.message).toMatch(
      /job\.ts: it does not compile\.\n\S*job\.ts:2:20: Unexpected ";"\n {4}map\(line\) \{ emit\(; \},\n {21}\^/,
    );
  });

  it('shows the place in a line of any length', async () => {
    const error = await errorOf(write('job.ts', `let ä;${'ä = 1;'.repeat(100_000)} oh no;`));
    expect(error.message.length).toBeLessThan(1500);
    expect(error.message).toContain('oh no;');
  });

  it('says what an import does not find, and what to do', async () => {
    const packaged = await errorOf(write('a.ts', `import pad from 'left-pad';\nexport default pad;\n`));
    expect(packaged.message).toMatch(/a\.ts:1:17: Could not resolve "left-pad"/);
    expect(packaged.hint).toContain('npm install left-pad');
    const own = await errorOf(write('b.ts', `import { norm } from './norm.ts';\nexport default norm;\n`));
    expect(own.message).toContain('Could not resolve "./norm.ts"');
    expect(own.hint).toContain('./norm.ts');
  });

  it.each([
    { path: 'missing.ts', text: 'no such file' },
    { path: 'job.py', text: 'no module that can hold a job' },
    { path: 'folder.ts', text: 'it is a folder' },
  ])('refuses $path: $text', async ({ path, text }) => {
    mkdirSync(join(folder, 'folder.ts'));
    expect((await errorOf(join(folder, path))).message).toContain(text);
  });

  it('may run several times at once', async () => {
    const entry = write('job.ts', JOB);
    const bundles = await Promise.all([1, 2, 3, 4].map(() => bundleJob(entry, { workFolder })));
    expect(new Set(bundles.map((bundle) => bundle.sha256)).size).toBe(1);
  });
});
