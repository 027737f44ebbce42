import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Annotations } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import type { DeployedJobs } from '../lib/node/bundle/deployed-jobs.ts';

/** One asset for all functions: the handlers, and the jobs as they are loaded. */
export type FunctionCode = {
  readonly code: Code;
  readonly jobs: DeployedJobs;
};

export type FunctionCodeOptions = {
  /** Job files by the jobs' names. */
  readonly jobs: Readonly<Record<string, string>>;
  /** What else the functions need, such as native modules: paths here by paths in the asset. */
  readonly files: Readonly<Record<string, string>>;
  /** Folder of the built handlers. @default the package's own */
  readonly handlers: string | undefined;
};

/**
 * Bundles the jobs beside the handlers. Runs offline and without Docker; equal sources give an equal asset. Users' modules are loaded in
 * a process of its own, never in this one.
 */
export function packFunctionCode(scope: Construct, { jobs, files, handlers = ownHandlers() }: FunctionCodeOptions): FunctionCode {
  if (!existsSync(join(handlers, 'map.js')))
    throw new Error(`${handlers} holds no handlers: build refold first (npm run build).`);
  const folder = mkdtempSync(join(tmpdir(), 'refold-functions-'));
  try {
    cpSync(handlers, folder, { recursive: true });
    for (const [target, source] of Object.entries(files)) cpSync(source, join(folder, target), { recursive: true });
    packJobs(folder, jobs);
    const packed = JSON.parse(readFileSync(join(folder, 'jobs.json'), 'utf8')) as DeployedJobs;
    // The asset copies the folder when it is made.
    const asset = new Asset(scope, 'Code', { path: folder });
    const code = Code.fromBucket(asset.bucket, asset.s3ObjectKey);
    Annotations.of(asset).acknowledgeWarning(
      '@aws-cdk/aws-lambda:codeFromBucketObjectVersionNotSpecified',
      'The key of an asset is the hash of its content: other code has another key.',
    );
    return { code, jobs: packed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Built, this file lies in dist/cdk. */
const isSource = import.meta.url.endsWith('.ts');

function ownHandlers(): string {
  return fileURLToPath(new URL(isSource ? '../dist/functions' : '../functions', import.meta.url));
}

function packJobs(folder: string, jobs: Readonly<Record<string, string>>): void {
  const program = fileURLToPath(new URL(isSource ? '../lib/cli/pack-jobs-main.ts' : '../pack-jobs.js', import.meta.url));
  const pairs = Object.entries(jobs).map(([name, file]) => `${name}=${file}`);
  const { status, stderr, error } = spawnSync(process.execPath, [program, folder, ...pairs], { encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`The jobs could not be packed.\n${stderr.trim()}`);
}
