import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { InvalidOptionError } from '../../errors.ts';
import { bundleJob } from './bundle-job.ts';
import { type DeployedJob, type DeployedJobs, deployedCodeFile, deployedJobsFile } from './deployed-jobs.ts';
import { describeJob } from './describe-job.ts';

/**
 * Compiles job files, asks each job for its shape, and leaves in `outFolder` what the functions need of them: `jobs/<sha256>.mjs`, their
 * source maps, and `jobs.json`. Equal sources give equal bytes, wherever the project lies: paths are relative to `cwd`. What an
 * earlier call left in `outFolder/jobs` is removed.
 * @param files paths of job files by the jobs' names
 * @throws JobModuleError, FailureError for what a job's module did, InvalidOptionError for a name
 */
export async function packJobs(
  outFolder: string,
  files: Readonly<Record<string, string>>,
  cwd: string = process.cwd(),
): Promise<DeployedJobs> {
  const names = Object.keys(files).toSorted();
  for (const name of names) checkName(name);
  const out = resolve(cwd, outFolder);
  const root = await realpath(cwd);
  const scratch = await mkdtemp(join(tmpdir(), 'refold-pack-'));
  await rm(join(out, 'jobs'), { recursive: true, force: true });
  await mkdir(join(out, 'jobs'), { recursive: true });
  try {
    const jobs: DeployedJob[] = [];
    for (const name of names) jobs.push(await packJob(name, resolve(root, files[name]!), { root, scratch, out }));
    await writeFile(join(out, deployedJobsFile), `${JSON.stringify(jobs, null, 2)}\n`);
    return jobs;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Names are in a list of the stack's outputs and in output templates of triggers. */
function checkName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) return;
  const rule = 'a name of 1 to 64 letters, digits, dots, underscores and hyphens';
  throw new InvalidOptionError({ option: 'jobs', value: JSON.stringify(name), rule, hint: 'Give the job another name.' });
}

type Folders = { readonly root: string; readonly scratch: string; readonly out: string };

async function packJob(name: string, path: string, { root, scratch, out }: Folders): Promise<DeployedJob> {
  const file = relative(root, path).split(sep).join('/');
  const { sha256, path: bundlePath } = await bundleJob(path, { workFolder: scratch });
  const shape = await describeJob(bundlePath, file);
  const code = await readFile(bundlePath, 'utf8');
  await writeFile(join(out, deployedCodeFile(sha256)), code);
  const mapName = /\n\/\/# sourceMappingURL=(\S+)\n$/.exec(code)?.[1];
  if (mapName !== undefined) {
    const map = await readFile(join(dirname(bundlePath), mapName), 'utf8');
    await writeFile(join(out, 'jobs', mapName), fromRoot(map, dirname(bundlePath), root));
  }
  return { name, file, sha256, shape };
}

/** A source map whose sources are relative to the project, and not to a temporary folder. */
function fromRoot(text: string, mapFolder: string, root: string): string {
  const map = JSON.parse(text) as { sources: string[] };
  const sources = map.sources.map((source) => relative(root, resolve(mapFolder, source)).split(sep).join('/'));
  return JSON.stringify({ ...map, sources });
}
