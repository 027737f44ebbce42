import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ExecuteOptions, executeJob } from '../../../lib/local/job/execute-job.ts';
import { findJobHolder } from '../../../lib/local/job/job-lock.ts';
import { type PreparedJob, prepareJob } from '../../../lib/local/job/prepare-job.ts';
import { openLocalWorld } from '../../../lib/local/world/local-world.ts';
import type { OutputStore, StagedPart } from '../../../lib/ports/output-store.ts';
import { numbers, writeJob, writeLines } from '../../jobs/write-job.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const source = `import { existsSync } from 'node:fs';
export default defineJob({
  params: { modulus: 3, broken: '' },
  map(line, emit, { params }) {
    emit(Number(line) % params.modulus, 1);
  },
  reduce(key, values, emit, { params }) {
    if (existsSync(params.broken)) throw new Error('no such luck');
    for (const value of values) emit(key, value);
  },
});`;

/** A folder with a job and its input, and a way to run it that ends its sandboxes. */
function prepare() {
  const folder = temporaryFolder();
  const broken = join(folder, 'broken');
  const input = writeLines(folder, numbers(30));
  const jobFile = writeJob(folder, source);
  const execute = async (
    modulus: number,
    options: Partial<ExecuteOptions> = {},
    change: (prepared: PreparedJob) => PreparedJob = (prepared) => prepared,
  ) => {
    const prepared = await prepareJob({
      ...{ jobFile, inputs: { '': input }, output: 'out', params: { modulus, broken }, cwd: folder },
      options: { workers: 'inline', soloBytes: 0, maxAttempts: 1 },
    });
    try {
      const signal = new AbortController().signal;
      return await executeJob(change(prepared), { overwrite: false, signal, onEvent: () => {}, ...options });
    } finally {
      await prepared.pool.close();
    }
  };
  return { folder, broken, execute };
}

/** The job with another way to publish. */
function withPublish(publish: (output: OutputStore, part: StagedPart) => ReturnType<OutputStore['publish']>) {
  return (prepared: PreparedJob): PreparedJob => {
    const openOutput = (location: string, jobId: string): OutputStore => {
      const output = prepared.world.openOutput(location, jobId);
      return Object.assign(Object.create(output), boundMethods(output), { publish: (part: StagedPart) => publish(output, part) });
    };
    return { ...prepared, world: { ...prepared.world, openOutput } };
  };
}

/** Private fields are those of the store itself. */
function boundMethods(output: OutputStore): OutputStore {
  const { inspect, stage, isStaged, discard, publish, writeSuccess, readSuccess, clear, readPart, listParts, sweep } = output;
  const methods = { inspect, stage, isStaged, discard, publish, writeSuccess, readSuccess, clear, readPart, listParts, sweep };
  return Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [name, method.bind(output)]),
  ) as unknown as OutputStore;
}

function filesIn(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

describe('executeJob', () => {
  it('leaves the old output as it is until all parts of the new one are known to be there', async () => {
    const { folder, broken, execute } = prepare();
    const out = join(folder, 'out');
    mkdirSync(out);
    const old = { 'part-00000.tsv': 'old\n', 'part-00001.tsv': 'old too\n', _SUCCESS: '' };
    for (const [name, content] of Object.entries(old)) writeFileSync(join(out, name), content);
    const loseStaged = () => {
      for (const name of readdirSync(folder)) if (name.startsWith('.out.')) rmSync(join(folder, name), { recursive: true });
      writeFileSync(broken, '');
    };
    let losses = 0;
    const onEvent: ExecuteOptions['onEvent'] = (event) => {
      if (event.kind === 'state' && event.next === 'commit' && losses++ === 0) loseStaged();
    };
    await expect(execute(3, { overwrite: true, onEvent })).rejects.toThrow('no such luck');
    expect(filesIn(out)).toEqual(old);
    rmSync(broken);
    expect(await execute(3, { overwrite: true })).toMatchObject({ kind: 'done' });
    expect(Object.keys(filesIn(out)).sort()).toEqual(['_SUCCESS', 'part-00000.tsv']);
  });

  it('leaves nothing beside the output of a job that fails', async () => {
    const { folder, broken, execute } = prepare();
    const before = readdirSync(folder).sort();
    writeFileSync(broken, '');
    await expect(execute(3)).rejects.toThrow('no such luck');
    expect(readdirSync(folder).sort()).toEqual([...before, '.refold', 'broken'].sort());
  });

  it('does not finish a commit over the output that another job has written since, unless it may', async () => {
    const { folder, execute } = prepare();
    const stopping = new AbortController();
    const stopped = await execute(
      3,
      { signal: stopping.signal },
      withPublish(async () => {
        stopping.abort();
        throw new Error('stopped');
      }),
    );
    expect(stopped).toEqual({ kind: 'stopped' });
    expect(await execute(2, { overwrite: true })).toMatchObject({ kind: 'done' });
    const newer = filesIn(join(folder, 'out'));
    await expect(execute(3)).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_OCCUPIED' });
    expect(filesIn(join(folder, 'out'))).toEqual(newer);
    expect(await execute(3, { overwrite: true })).toMatchObject({ kind: 'done' });
    expect(filesIn(join(folder, 'out'))).not.toEqual(newer);
  });

  it('leaves nothing of a job whose output another job has in hand', async () => {
    const { folder, execute } = prepare();
    const world = openLocalWorld({ cwd: folder, workFolder: join(folder, '.refold') });
    let known: readonly string[] = [];
    const refused = withPublish(async (output, part) => {
      await expect(execute(2)).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_LEASED' });
      known = (await world.ledger.listJobs()).map(({ state }) => state);
      expect(readdirSync(join(folder, '.refold/jobs'))).toHaveLength(1);
      return await output.publish(part);
    });
    expect(await execute(3, {}, refused)).toMatchObject({ kind: 'done' });
    expect(known).toEqual(['COMMITTING']);
  });

  it('lets one of two jobs run that took the lease of their output at once, and forgets the other', async () => {
    const { folder, execute } = prepare();
    const world = openLocalWorld({ cwd: folder, workFolder: join(folder, '.refold') });
    let inner: Promise<unknown> | undefined;
    const overtaken = (prepared: PreparedJob): PreparedJob => {
      const { ledger } = prepared.world;
      const createJob: typeof ledger.createJob = async (job) => {
        const begun = Promise.withResolvers<void>();
        const slowly = withPublish(async (output, part) => {
          begun.resolve();
          await new Promise((resolve) => setTimeout(resolve, 200));
          return await output.publish(part);
        });
        inner ??= execute(2, {}, slowly);
        await begun.promise;
        return await ledger.createJob(job);
      };
      const own = new Proxy(ledger, {
        get: (target, name) => {
          const value: unknown = name === 'createJob' ? createJob : Reflect.get(target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
      return { ...prepared, world: { ...prepared.world, ledger: own } };
    };
    await expect(execute(3, {}, overtaken)).rejects.toMatchObject({ code: 'REFOLD_OUTPUT_LEASED' });
    expect(await inner).toMatchObject({ kind: 'done' });
    expect((await world.ledger.listJobs()).map(({ state }) => state)).toEqual(['DONE']);
  });

  it('holds the lock of the job until the function that was under way has ended', async () => {
    const { folder, execute } = prepare();
    const stopping = new AbortController();
    let hasEnded = false;
    const slowly = withPublish(async (output, part) => {
      stopping.abort();
      await new Promise((resolve) => setTimeout(resolve, 100));
      hasEnded = true;
      return await output.publish(part);
    });
    // What was under way got to the end, so the job is done.
    expect(await execute(3, { signal: stopping.signal }, slowly)).toMatchObject({ kind: 'done' });
    expect(hasEnded).toBe(true);
    const locks = join(folder, '.refold/locks');
    for (const name of readdirSync(locks)) {
      if (name.endsWith('.lock')) expect(await findJobHolder(locks, name.slice(0, -'.lock'.length))).toBeUndefined();
    }
  });
});
