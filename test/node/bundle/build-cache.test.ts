import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILD_VERSION } from '../../../lib/node/bundle/build-cache.ts';
import { type Bundle, bundleJob } from '../../../lib/node/bundle/bundle-job.ts';

const JOB = `import { n } from './norm.ts';\nexport default [n, 1];`;
const LONG_AGO = new Date(Date.now() - 3600_000);
const parent = mkdtempSync(join(tmpdir(), 'refold-cache-'));

/** A folder with a job that imports `norm.ts`, and its work folder. */
class JobFolder {
  readonly path: string;
  readonly entry: string;
  readonly code: string;

  constructor(name: string, source = JOB) {
    this.path = join(parent, name.replaceAll(' ', '-'));
    this.code = join(this.path, '.refold', 'code');
    this.write('node_modules/dep/index.js', 'exports.dep = 1;');
    this.write('norm.ts', 'export const n: number = 1;');
    this.entry = this.write('job.ts', source);
  }

  /** All files bear the same old time: no edit shows in it. */
  write(path: string, text: string): string {
    const full = join(this.path, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
    utimesSync(full, LONG_AGO, LONG_AGO);
    return full;
  }

  bundle(work = '.refold'): Promise<Bundle> {
    return bundleJob(this.entry, { workFolder: join(this.path, work) });
  }

  codeFiles(extension: string): string[] {
    const names = readdirSync(this.code).filter((name) => name.endsWith(extension));
    return names.map((name) => join(this.code, name));
  }
}

const changes = [
  { name: 'the job with its old size and time', change: (job: JobFolder) => job.write('job.ts', JOB.replace('1', '2')) },
  { name: 'an import', change: (job: JobFolder) => job.write('norm.ts', 'export const n: number = 9;') },
  {
    name: 'a new tsconfig.json',
    change: (job: JobFolder) => job.write('tsconfig.json', '{ "compilerOptions": { "jsx": "preserve" } }'),
  },
  { name: 'a new package.json', change: (job: JobFolder) => job.write('package.json', '{ "sideEffects": false }') },
  {
    name: 'a damaged bundle',
    change: (job: JobFolder) => job.codeFiles('.mjs').map((path) => writeFileSync(path, 'export default 0;')),
  },
  { name: 'a collected bundle', change: (job: JobFolder) => job.codeFiles('.mjs').map((path) => rmSync(path)) },
  { name: 'a collected source map', change: (job: JobFolder) => job.codeFiles('.map').map((path) => rmSync(path)) },
  {
    name: 'a damaged record',
    change: (job: JobFolder) => job.codeFiles('.build.json').map((path) => writeFileSync(path, '{"ver')),
  },
].map((row) => ({ ...row, job: new JobFolder(row.name) }));

const unchanged = new JobFolder('unchanged');
const undecided = [
  { name: 'a package', job: new JobFolder('package', `import { dep } from 'dep';\nexport default dep;`) },
  { name: 'a search for a file', job: new JobFolder('search', `import { n } from './norm';\nexport default n;`) },
];

/** A source is remembered when it was written a while before the build. */
beforeAll(async () => {
  const jobs = [...changes, ...undecided].map(({ job }) => job).concat(unchanged);
  await Promise.all(jobs.map((job) => job.bundle()));
  for (const job of jobs) expect(job.codeFiles('.build.json')).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await Promise.all(jobs.map((job) => job.bundle()));
});

afterAll(() => rmSync(parent, { recursive: true, force: true }));

describe('the build cache', () => {
  it('answers with the same bundle without compiling', async () => {
    expect(unchanged.codeFiles('.build.json')).toHaveLength(1);
    const first = await unchanged.bundle();
    const times = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const startedMs = performance.now();
        expect(await unchanged.bundle()).toEqual(first);
        return performance.now() - startedMs;
      }),
    );
    expect(Math.min(...times)).toBeLessThan(10); // The compiler takes longer to start.
  });

  it.each(changes)('notices $name', async ({ job, change }) => {
    expect(job.codeFiles('.build.json')).toHaveLength(1);
    change(job);
    const { path, sha256 } = await job.bundle();
    const fresh = await job.bundle('fresh');
    expect(sha256).toBe(fresh.sha256);
    expect(readFileSync(path, 'utf8')).toBe(readFileSync(fresh.path, 'utf8'));
    expect(job.codeFiles('.map').length).toBeGreaterThan(0);
  });

  it.each(undecided)('does not remember a job that depends on $name', ({ job }) => {
    expect(job.codeFiles('.mjs')).toHaveLength(1);
    expect(job.codeFiles('.build.json')).toEqual([]);
  });

  it('does not remember what may have changed under the compiler', async () => {
    const job = new JobFolder('fresh');
    await job.bundle();
    expect(job.codeFiles('.build.json')).toEqual([]);
  });

  it('belongs to one version of the compiler', () => {
    const { version } = createRequire(import.meta.url)('esbuild/package.json') as { version: string };
    expect(BUILD_VERSION).toContain(`esbuild ${version},`);
  });
});
