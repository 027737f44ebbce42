import { existsSync, utimesSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { nameJob } from '../../coordinator/name-job.ts';
import { refuseNested } from '../../coordinator/refuse-nested.ts';
import { type JobOptions, type ResolvedOptions, resolveJobOptions } from '../../job/job-options.ts';
import type { InputListing, JobRecord } from '../../job/job-record.ts';
import type { JobShape } from '../../job/job-shape.ts';
import { bundleJob } from '../../node/bundle/bundle-job.ts';
import { engineFile } from '../../node/bundle/engine-file.ts';
import { JobModuleError } from '../../node/bundle/job-module-error.ts';
import type { World } from '../../ports/world.ts';
import { listInput } from '../../split/list-input.ts';
import { resolveSplitBytes } from '../../split/plan-splits.ts';
import { codeKey, stdoutPath } from '../../work/work-layout.ts';
import { ancestorsOf, checkPaths, realPath } from '../files/check-paths.ts';
import { spoolStdin } from '../files/spool-stdin.ts';
import { createSandboxPool, type SandboxEvent, type SandboxPool } from '../sandbox/sandbox-pool.ts';
import { type LocalSettings, openLocalWorld } from '../world/local-world.ts';
import type { LocalRequest } from './request.ts';

/** A job that is named and not yet in the ledger, with its sandboxes booting. */
export type PreparedJob = {
  readonly record: JobRecord;
  readonly options: ResolvedOptions;
  readonly settings: LocalSettings;
  readonly world: World;
  readonly pool: SandboxPool;
  /** How many sandboxes there are. */
  readonly workers: number | 'inline';
};

/** What stands in for the local adapters. Chosen by whoever may know others: the command line, or `run()`. */
export type LocalAdapters = {
  readonly openWorld: (settings: LocalSettings, writeLog?: (line: string) => void) => World;
  /** Module that opens the same world in every task thread. */
  readonly runner: URL;
};

export type PrepareHooks = {
  /** @default files alone */
  readonly adapters?: LocalAdapters | undefined;
  readonly onSandbox?: (event: SandboxEvent) => void;
  readonly writeLog?: (line: string) => void;
};

const FILES: LocalAdapters = { openWorld: openLocalWorld, runner: engineFile('local-runner') };

/** Input up to this size, in one task, is not worth a process. */
const INLINE_BYTES_MAX = 1024 * 1024;

/**
 * Compiles the job, lists its input, asks the job for its shape, and names the job. The pool must be closed by the caller.
 * @throws JobModuleError, InputMissingError, InvalidOptionError, OutputOverlapError
 */
export async function prepareJob(request: LocalRequest, hooks: PrepareHooks = {}): Promise<PreparedJob> {
  const cwd = request.cwd ?? process.cwd();
  const workFolder = resolve(cwd, request.workFolder ?? '.refold');
  const settings: LocalSettings = { cwd, workFolder };
  const { openWorld, runner } = hooks.adapters ?? FILES;
  const world = openWorld(settings, hooks.writeLog);
  if (request.output !== undefined) {
    // Nothing on this machine is at, above or below a location of another kind.
    const inputs = Object.values(request.inputs).filter((location) => location !== '-' && !location.includes('://'));
    checkPaths({ cwd, inputs, output: request.output, workFolder: request.workFolder ?? '.refold' });
    await refuseNested(world, request.output, ancestorsOf(realPath(resolve(cwd, request.output))));
  }
  const asked = resolveJobOptions(availableParallelism(), request.options ?? {});
  // The compiler works while sandboxes boot, and a job that does not compile is told of before standard input ends.
  const bundling = bundleJob(resolve(cwd, request.jobFile), { workFolder });
  const booting = listInputs(request, world, workFolder).then(async (listings) => ({
    listings,
    ...(await openPool(asked, listings, hooks)),
  }));
  const closePool = (): Promise<void> => booting.then(({ pool }) => pool.close());
  const [bundle, { listings, ...first }] = await Promise.all([bundling, booting]).catch((error: unknown) => {
    closePool().catch(() => {}); // There is none when the listing failed, and none yet while standard input is read.
    throw error;
  });
  try {
    // Code that is in use is not collected.
    utimesSync(bundle.path, new Date(), new Date());
    const code = { bundlePath: bundle.path, jobFile: request.jobFile };
    loadJob(first.pool, code, runner, settings);
    const shape = (await first.pool.run({ role: 'describe' })) as JobShape;
    const options = resolveJobOptions(availableParallelism(), shape.options, request.options ?? {});
    const record = recordOf(request, shape, options, listings, bundle.sha256, world);
    if (isSamePool(asked, options, listings)) return { record, options, settings, world, ...first };
    // The job file itself asks for other sandboxes than those that described it.
    await first.pool.close();
    const second = await openPool(options, listings, hooks);
    loadJob(second.pool, code, runner, settings);
    return { record, options, settings, world, ...second };
  } catch (error) {
    await first.pool.close();
    throw error;
  }
}

/**
 * Takes a job up from its record: the same code, input and options, whatever has become of the source file since. Run options may
 * be given anew. The pool must be closed by the caller.
 * @throws JobModuleError when the compiled code is gone, InvalidOptionError
 */
export async function prepareResume(
  record: JobRecord,
  settings: LocalSettings,
  runOptions: JobOptions = {},
  hooks: PrepareHooks = {},
): Promise<PreparedJob> {
  const { openWorld, runner } = hooks.adapters ?? FILES;
  const world = openWorld(settings, hooks.writeLog);
  const bundlePath = join(settings.workFolder, codeKey(record.code.sha256));
  if (!existsSync(bundlePath)) {
    const reason = 'its compiled code is no longer in the work area.';
    throw new JobModuleError({ file: record.code.file, reason, hint: 'Run the job file again: refold run.' });
  }
  const options = resolveJobOptions(availableParallelism(), record.shape.options, record.options, runOptions);
  const sandboxes = await openPool(options, record.inputs, hooks);
  loadJob(sandboxes.pool, { bundlePath, jobFile: record.code.file }, runner, settings);
  return { record, options, settings, world, ...sandboxes };
}

async function openPool(
  options: ResolvedOptions,
  listings: readonly InputListing[],
  hooks: PrepareHooks,
): Promise<Pick<PreparedJob, 'pool' | 'workers'>> {
  const workers = sandboxesFor(options, listings);
  const onSandbox = hooks.onSandbox === undefined ? {} : { onEvent: hooks.onSandbox };
  return { workers, pool: await createSandboxPool({ workers, limits: limitsFor(options), ...onSandbox }) };
}

function loadJob(
  pool: SandboxPool,
  code: { readonly bundlePath: string; readonly jobFile: string },
  runner: URL,
  settings: LocalSettings,
): void {
  pool.prepare({ ...code, runner: { module: runner.href, settings } });
}

function limitsFor({ taskTimeoutMs, recordTimeoutMs, memoryBytes }: ResolvedOptions) {
  return { taskTimeoutMs, recordTimeoutMs, sandboxMemoryBytes: 3 * 2 ** 30 + memoryBytes };
}

function isSamePool(asked: ResolvedOptions, options: ResolvedOptions, listings: readonly InputListing[]): boolean {
  const sameWorkers = sandboxesFor(asked, listings) === sandboxesFor(options, listings);
  return sameWorkers && JSON.stringify(limitsFor(asked)) === JSON.stringify(limitsFor(options));
}

async function listInputs(request: LocalRequest, world: World, workFolder: string): Promise<readonly InputListing[]> {
  const listings: InputListing[] = [];
  for (const [name, given] of Object.entries(request.inputs)) {
    const location = given === '-' ? await spoolStdin(request.stdin ?? process.stdin, workFolder) : given;
    listings.push(await listInput(world.input, name, location));
  }
  return listings;
}

function sandboxesFor(options: ResolvedOptions, listings: readonly InputListing[]): number | 'inline' {
  if (options.workers === 'inline') return 'inline';
  const bytes = listings.reduce((sum, listing) => sum + listing.bytes, 0);
  const isTiny = bytes <= Math.min(INLINE_BYTES_MAX, resolveSplitBytes(options.splitBytes, bytes));
  const isSolo = bytes <= options.soloBytes;
  if (isTiny) return 'inline';
  return isSolo ? 1 : options.workers;
}

/** The job, named, with what only this machine knows: its paths. */
function recordOf(
  request: LocalRequest,
  shape: JobShape,
  options: ResolvedOptions,
  listings: readonly InputListing[],
  sha256: string,
  { ids, clock }: Pick<World, 'ids' | 'clock'>,
): JobRecord {
  const cwd = request.cwd ?? process.cwd();
  const named = nameJob({
    code: { sha256, file: request.jobFile },
    shape,
    options,
    inputs: listings,
    ...(request.params && { params: request.params }),
    output: request.output === undefined ? undefined : resolve(cwd, request.output),
    limit: request.limit,
    salt: request.isNew === true ? ids.newId() : undefined,
    keepPairs: request.keepPairs,
    nowMs: clock.nowMs(),
  });
  const output = named.output ?? resolve(cwd, request.workFolder ?? '.refold', stdoutPath(named.jobId));
  return { ...named, output, leaseKey: realPath(output), nodeVersion: process.version };
}
