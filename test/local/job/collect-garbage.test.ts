import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JobRecord } from '../../../lib/job/job-record.ts';
import { spoolStdin } from '../../../lib/local/files/spool-stdin.ts';
import { collectDoneJob, collectGarbage } from '../../../lib/local/job/collect-garbage.ts';
import { acquireJobLock } from '../../../lib/local/job/job-lock.ts';
import { SqliteTaskLedger } from '../../../lib/local/ledger/sqlite-task-ledger.ts';
import { openLocalWorld } from '../../../lib/local/world/local-world.ts';
import type { JobState } from '../../../lib/ports/task-ledger.ts';
import { encodeJson } from '../../../lib/work/json-object.ts';
import { jobKey } from '../../../lib/work/work-layout.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const DAY_MS = 24 * 3600e3;

/** A work area at a time that the test sets. */
function area() {
  const cwd = temporaryFolder();
  const settings = { cwd, workFolder: join(cwd, '.refold') };
  let nowMs = Date.now();
  const clock = { nowMs: () => nowMs, sleep: async () => {} };
  const ledger = new SqliteTaskLedger({ path: join(settings.workFolder, 'ledger.sqlite'), clock });
  onTestFinished(() => ledger.close());
  const world = { ...openLocalWorld(settings), clock, ledger };
  const addJob = async (jobId: string, state: JobState, inputs: readonly string[] = []): Promise<JobRecord> => {
    const record = {
      jobId,
      code: { sha256: jobId, file: 'job.ts' },
      shape: { steps: [{}] },
      inputs: inputs.map((location) => ({ name: '', location })),
      createdAtMs: nowMs,
    } as unknown as JobRecord;
    await world.work.put(jobKey(jobId), encodeJson(record));
    const item = { jobId, fingerprint: jobId, name: 'job', outputPath: join(cwd, `out-${jobId}`), generations: [0] } as const;
    await ledger.createJob({ ...item, state, run: 1, executionId: 'e', createdAtMs: nowMs, updatedAtMs: nowMs });
    return record;
  };
  const collectAfter = async (ms: number): Promise<void> => {
    nowMs += ms;
    await collectGarbage(settings, world);
  };
  const jobs = async (): Promise<readonly string[]> => (await ledger.listJobs()).map((job) => job.jobId).sort();
  return { ...settings, settings, world, addJob, collectAfter, jobs };
}

async function allOf<T>(pages: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(page);
  return all;
}

describe('collectGarbage', () => {
  it('removes ended jobs after their lifetime, with all they left, and no others', async () => {
    const { cwd, workFolder, addJob, collectAfter, jobs } = area();
    for (const state of ['DONE', 'FAILED', 'CANCELLED', 'MAPPING', 'COMMITTING'] as const)
      await addJob(state.toLowerCase(), state);
    mkdirSync(join(cwd, '.out-failed.refold-failed'));
    await collectAfter(6 * DAY_MS);
    expect(await jobs()).toHaveLength(5);
    await collectAfter(2 * DAY_MS);
    expect(await jobs()).toEqual(['committing', 'mapping']);
    expect(readdirSync(join(workFolder, 'jobs')).sort()).toEqual(['committing', 'mapping']);
    expect(existsSync(join(cwd, '.out-failed.refold-failed'))).toBe(false);
  });

  it('leaves a job alone that someone has just taken up again', async () => {
    const { workFolder, addJob, collectAfter, jobs } = area();
    await addJob('failed', 'FAILED');
    const lock = await acquireJobLock(join(workFolder, 'locks'), 'failed');
    await collectAfter(8 * DAY_MS);
    expect(await jobs()).toEqual(['failed']);
    if (lock.kind === 'acquired') lock.release();
    await collectAfter(2 * 3600e3);
    expect(await jobs()).toEqual([]);
  });

  it('does nothing within the hour after it was done', async () => {
    const { addJob, collectAfter, jobs } = area();
    await addJob('old', 'DONE');
    await collectAfter(6.99 * DAY_MS);
    await collectAfter(0.5 * 3600e3);
    expect(await jobs()).toEqual(['old']);
    await collectAfter(3600e3);
    expect(await jobs()).toEqual([]);
  });

  it('removes what killed processes left: spools, scratch files, lost job folders, unused code', async () => {
    const { workFolder, addJob, collectAfter } = area();
    await addJob('used', 'MAPPING', [join(workFolder, 'stdin/wanted')]);
    const files = [
      'stdin/wanted',
      'stdin/orphan',
      'stdin/.4194305-x',
      'scratch/refold-scratch-4194305-x',
      'jobs/lost/job.json',
      'code/used.mjs',
      'code/other.mjs',
    ];
    for (const file of files) {
      mkdirSync(join(workFolder, file, '..'), { recursive: true });
      writeFileSync(join(workFolder, file), '');
    }
    await collectAfter(8 * DAY_MS);
    expect(files.filter((file) => existsSync(join(workFolder, file)))).toEqual(['stdin/wanted', 'code/used.mjs']);
  });
});

describe('collectDoneJob', () => {
  it('keeps what shows and prints a job, and pairs only where code reads them', async () => {
    const { settings, world, addJob } = area();
    const record = await addJob('j', 'DONE');
    const kept = ['0/plan.json', '0/reduce-groups.jsonl', '0/reduce/000000/a.json', 'receipt.json', 'stdout/part-00000.tsv'];
    const gone = [
      '0/map/000000/a.seg',
      '0/shuffle-0/000000-a.idx',
      '0/shuffle-0/index.json',
      '0/splits/000000.jsonl',
      '0/map-tasks-1-0.json',
      '0/reduce-tasks-1-0.json',
    ];
    const pairs = '0/reduce/000000/a.pairs';
    const names = async (): Promise<readonly string[]> => {
      const pages = await allOf(world.work.list('jobs/j/'));
      return pages
        .flat()
        .map((object) => object.key.slice('jobs/j/'.length))
        .filter((name) => name !== 'job.json');
    };
    for (const name of [...kept, ...gone, pairs]) await world.work.put(`jobs/j/${name}`, Buffer.from('x'));
    await collectDoneJob(settings, world, { ...record, keepPairs: true });
    expect(await names()).toEqual([...kept, pairs].sort());
    await collectDoneJob(settings, world, record);
    expect(await names()).toEqual([...kept].sort());
  });

  it('removes the spool of standard input, unless another job needs it', async () => {
    const { workFolder, settings, world, addJob } = area();
    const spool = await spoolStdin(Readable.from([Buffer.from('text')]), workFolder);
    const record = await addJob('done', 'DONE', [spool]);
    await addJob('failed', 'FAILED', [spool]);
    await collectDoneJob(settings, world, { ...record, createdAtMs: Date.now() + 1000 });
    expect(existsSync(spool)).toBe(true);
    await world.ledger.deleteJob('failed');
    utimesSync(spool, new Date(), new Date());
    // Someone took it after the job was made: it stays.
    await collectDoneJob(settings, world, { ...record, createdAtMs: Date.now() - 1000 });
    expect(existsSync(spool)).toBe(true);
    await collectDoneJob(settings, world, { ...record, createdAtMs: Date.now() + 1000 });
    expect(existsSync(spool)).toBe(false);
  });
});

describe('spoolStdin', () => {
  it('names the same content alike, also when the first spool is gone', async () => {
    const { workFolder, world } = area();
    const listings = [];
    for (const pieces of [['ab', 'c'], ['abc'], ['abd']]) {
      const path = await spoolStdin(Readable.from(pieces.map((piece) => Buffer.from(piece))), workFolder);
      listings.push(...(await allOf(world.input.list(path))));
      if (pieces.length === 2) await world.work.delete([path.slice(workFolder.length + 1)]);
    }
    expect(listings[1]).toEqual(listings[0]);
    expect(listings[2]).not.toEqual(listings[0]);
    expect(readdirSync(join(workFolder, 'stdin'))).toHaveLength(2);
  });
});
