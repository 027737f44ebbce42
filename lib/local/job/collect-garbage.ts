import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { forgetJob } from '../../coordinator/forget-job.ts';
import type { JobRecord } from '../../job/job-record.ts';
import { isMissing } from '../../node/file-error.ts';
import { sweepScratch } from '../../node/file-scratch.ts';
import { isProcessAlive } from '../../node/process-alive.ts';
import { hasEnded } from '../../ports/ledger-job.ts';
import type { JobItem } from '../../ports/task-ledger.ts';
import type { World } from '../../ports/world.ts';
import { readJson } from '../../work/json-object.ts';
import { jobKey, jobPrefix } from '../../work/work-layout.ts';
import { FileObjectStore } from '../files/file-object-store.ts';
import { spoolFolder, spoolingPid } from '../files/spool-stdin.ts';
import { type LocalSettings, scratchFolder } from '../world/local-world.ts';
import { acquireJobLock, findJobHolder } from './job-lock.ts';

/** How long the work data of an ended job is kept, so that it can be resumed, shown and printed again. */
const LIFETIME_MS = 7 * 24 * 3600e3;
/** Of spools of standard input that no job reads. */
const SPOOL_LIFETIME_MS = 24 * 3600e3;
const INTERVAL_MS = 3600e3;
/** Commands do this at their end; whatever is left is for the next. */
const TIME_BUDGET_MS = 300;

/**
 * Removes what ended jobs and killed processes left, at most once an hour for all commands together; else it costs one look at a file.
 * Safe beside running jobs.
 */
export async function collectGarbage(settings: LocalSettings, world: World): Promise<void> {
  const stamp = join(settings.workFolder, 'collected');
  const nowMs = world.clock.nowMs();
  if (nowMs - changedAtMs(stamp) < INTERVAL_MS) return;
  sweepScratch(scratchFolder(settings));
  new FileObjectStore(settings.workFolder).sweep();
  const jobs = await world.ledger.listJobs();
  for (const job of jobs) {
    if (world.clock.nowMs() - nowMs > TIME_BUDGET_MS) return;
    if (hasEnded(job.state) && nowMs - job.updatedAtMs > LIFETIME_MS) await collectJob(settings, world, job);
  }
  collectLostJobs(settings, jobs, nowMs);
  await collectSpools(settings, world, await world.ledger.listJobs(), nowMs);
  await collectCode(settings, world, nowMs);
  writeFileSync(stamp, '');
  utimesSync(stamp, nowMs / 1000, nowMs / 1000);
}

async function collectJob(settings: LocalSettings, world: World, { jobId, outputPath }: JobItem): Promise<void> {
  const locks = join(settings.workFolder, 'locks');
  if ((await findJobHolder(locks, jobId)) !== undefined) return;
  const lock = await acquireJobLock(locks, jobId);
  if (lock.kind === 'held') return;
  try {
    // Someone may have started it again since it was listed.
    const job = await world.ledger.readJob(jobId);
    if (job === undefined || !hasEnded(job.state) || world.clock.nowMs() - job.updatedAtMs <= LIFETIME_MS) return;
    await world.openOutput(outputPath, jobId).sweep();
    await forgetJob(world, jobId);
    rmSync(join(settings.workFolder, jobPrefix(jobId)), { recursive: true, force: true });
    // The lock file itself stays: who has it open must not lock a file that nobody else sees.
    rmSync(join(locks, `${jobId}.json`), { force: true });
  } finally {
    lock.release();
  }
}

/** Folders of jobs that never came into the ledger, or had left it when their process was killed. */
function collectLostJobs(settings: LocalSettings, jobs: readonly JobItem[], nowMs: number): void {
  const known = new Set(jobs.map((job) => job.jobId));
  const folder = join(settings.workFolder, 'jobs');
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    if (!known.has(name) && nowMs - changedAtMs(path) > LIFETIME_MS) rmSync(path, { recursive: true, force: true });
  }
}

/** Standard input of jobs that are gone or done, and of commands that were killed while they read it. */
async function collectSpools(settings: LocalSettings, world: World, jobs: readonly JobItem[], nowMs: number): Promise<void> {
  const folder = spoolFolder(settings.workFolder);
  const isOver = (name: string): boolean => {
    const pid = spoolingPid(name);
    return pid === undefined ? nowMs - changedAtMs(join(folder, name)) > SPOOL_LIFETIME_MS : !isProcessAlive(pid);
  };
  const names = namesIn(folder).filter(isOver);
  if (names.length === 0) return;
  const wanted = new Set(await spoolsWanted(world, jobs));
  for (const name of names) if (!wanted.has(join(folder, name))) rmSync(join(folder, name), { force: true });
}

/** Input locations of the jobs that are not done. */
async function spoolsWanted(world: World, jobs: readonly JobItem[]): Promise<readonly string[]> {
  const locations: string[] = [];
  for (const { jobId, state } of jobs) {
    if (state === 'DONE') continue;
    const record = await readJson<JobRecord>(world, jobKey(jobId));
    locations.push(...(record?.inputs ?? []).map((input) => input.location));
  }
  return locations;
}

/** Compiled code that no job has, and nobody used for long. */
async function collectCode(settings: LocalSettings, world: World, nowMs: number): Promise<void> {
  const folder = join(settings.workFolder, 'code');
  const old = namesIn(folder).filter((name) => nowMs - changedAtMs(join(folder, name)) > LIFETIME_MS);
  if (old.length === 0) return;
  const used = new Set<string>();
  for (const { jobId } of await world.ledger.listJobs()) {
    const record = await readJson<JobRecord>(world, jobKey(jobId));
    if (record === undefined) continue;
    const name = `${record.code.sha256}.mjs`;
    used.add(name);
    const map = namesIn(folder).includes(name) ? mapNameOf(join(folder, name)) : undefined;
    if (map !== undefined) used.add(map);
  }
  for (const name of old) if (!used.has(name)) rmSync(join(folder, name), { force: true });
}

/** The last line of compiled code names its source map. */
function mapNameOf(path: string): string | undefined {
  return /\/\/# sourceMappingURL=(\S+)\s*$/.exec(readFileSync(path, 'utf8').slice(-200))?.[1];
}

/**
 * Removes what a DONE job needs no more: segments, indexes, task lists and splits, so that the work area does not grow by the size of
 * every input. Its record, plans, receipt and attempt files stay, and its pairs where code reads them back.
 */
export async function collectDoneJob(settings: LocalSettings, world: World, record: JobRecord): Promise<void> {
  const lastStep = `${jobPrefix(record.jobId)}${record.shape.steps.length - 1}/`;
  for await (const page of world.work.list(jobPrefix(record.jobId))) {
    const keys = page.map((object) => object.key);
    const isKept = (key: string): boolean => record.keepPairs === true && key.startsWith(lastStep);
    await world.work.delete(keys.filter((key) => USED_UP.test(key) || (key.endsWith('.pairs') && !isKept(key))));
  }
  await collectOwnSpools(settings, world, record);
}

const USED_UP = /\.seg$|\/shuffle-\d+\/|\/splits\/|\/(?:map|reduce)-tasks-[^/]*$/;

/** The spool of a done job, unless another job reads the same. The next command with the same standard input writes it again. */
async function collectOwnSpools(settings: LocalSettings, world: World, record: JobRecord): Promise<void> {
  const folder = spoolFolder(settings.workFolder);
  const spools = record.inputs.map((input) => input.location).filter((location) => location.startsWith(folder));
  if (spools.length === 0) return;
  const wanted = new Set(await spoolsWanted(world, await world.ledger.listJobs()));
  for (const spool of spools) {
    // A command that took it since, and has no job yet, has touched it.
    if (!wanted.has(spool) && changedAtMs(spool) <= record.createdAtMs) rmSync(spool, { force: true });
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Of the file's content, name or times; 0 when there is none. */
function changedAtMs(path: string): number {
  try {
    const { ctimeMs, mtimeMs } = statSync(path);
    return Math.max(ctimeMs, mtimeMs);
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}
