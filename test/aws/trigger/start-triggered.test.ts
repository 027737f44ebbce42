import { describe, expect, it } from 'vitest';
import { ListedInputStore, listLocation } from '../../../lib/aws/s3/listed-input-store.ts';
import { startTriggered, type TriggerStarter } from '../../../lib/aws/trigger/start-triggered.ts';
import type { TriggerRule } from '../../../lib/aws/trigger/trigger-rule.ts';
import type { FoundUpload, UploadStore } from '../../../lib/aws/trigger/upload-store.ts';
import type { JobRecord } from '../../../lib/job/job-record.ts';
import { type MemoryWorld, memoryWorld } from '../../../lib/memory/memory-world.ts';
import type { JobItem } from '../../../lib/ports/task-ledger.ts';
import { listInput } from '../../../lib/split/list-input.ts';
import { readJson } from '../../../lib/work/json-object.ts';
import { jobKey } from '../../../lib/work/work-layout.ts';
import { Died, Mortal } from '../dying.ts';
import { shape } from '../job-record.ts';
import { MemoryExecutions } from '../memory-executions.ts';

const counts: TriggerRule = {
  name: 'counts',
  job: 'count',
  bucket: 'inputs',
  prefix: 'new/',
  suffix: '.csv',
  output: 's3://results/{rule}/{jobId}',
};

class Uploads implements UploadStore {
  readonly #objects = new Map<string, FoundUpload>();
  #writes = 0;

  /** An upload, and its event. */
  put(key: string, content = 'x', producer?: string) {
    const [, bucket = '', name = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(key) ?? [];
    const info = { key, bytes: content.length, version: `etag-of-${content}` };
    this.#objects.set(key, { info, ...(producer !== undefined && { producer }) });
    this.#writes += 1;
    const object = { key: name, size: content.length, etag: info.version, sequencer: `00${this.#writes}` };
    return JSON.stringify({ source: 'aws.s3', 'detail-type': 'Object Created', detail: { bucket: { name: bucket }, object } });
  }

  remove(key: string): void {
    this.#objects.delete(key);
  }

  async find(key: string): Promise<FoundUpload | undefined> {
    return this.#objects.get(key);
  }
}

class Stack {
  readonly world: MemoryWorld = memoryWorld();
  readonly executions = new MemoryExecutions();
  readonly uploads = new Uploads();
  readonly logged: string[] = [];
  sha256 = 'c0de';
  rules: readonly TriggerRule[] = [counts];

  /** Delivers events as one batch; answers which of them are to come again. */
  async deliver(events: readonly string[], mortal = new Mortal()): Promise<readonly string[]> {
    const { work, ledger, clock, openOutput } = this.world;
    const on: TriggerStarter = {
      world: {
        work: mortal.wrap(work),
        ledger: mortal.wrap(ledger),
        openOutput: (location, jobId) => mortal.wrap(openOutput(location, jobId)),
        clock,
        log: { write: (_level, message) => void this.logged.push(message) },
      },
      executions: mortal.wrap(this.executions),
      uploads: mortal.wrap(this.uploads),
      rules: this.rules,
      jobs: [{ name: 'count', file: 'count.ts', sha256: this.sha256, shape }],
      inputs: ['s3://inputs', 's3://results'],
      outputs: ['s3://results', 's3://inputs/back'],
      settings: { workBucket: 'work', workPrefix: 'w/', tableName: 't' },
    };
    const Records = events.map((body, at) => ({ messageId: String(at), body }));
    const { batchItemFailures } = await startTriggered(on, { Records });
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  }

  async jobs(): Promise<readonly JobRecord[]> {
    const items: readonly JobItem[] = await this.world.ledger.listJobs();
    return await Promise.all(items.map(async ({ jobId }) => (await readJson<JobRecord>(this.world, jobKey(jobId)))!));
  }

  /** The keys that each execution reads, as its Plan would list them. */
  async inputs(): Promise<readonly (readonly string[])[]> {
    const input = new ListedInputStore(this.world.input, this.world.work);
    return await Promise.all(
      this.executions.started.map(async ({ input: { jobId } }) => {
        const record = await readJson<JobRecord>(this.world, jobKey(jobId));
        const keys: string[] = [];
        const [listing] = record!.inputs;
        for await (const page of input.list(listing!.location)) keys.push(...page.map(({ key }) => key));
        expect(await listInput(input, '', listing!.location)).toEqual(listing);
        return keys;
      }),
    );
  }
}

describe('startTriggered', () => {
  it('makes one job of the uploads of a batch, over just these', async () => {
    const stack = new Stack();
    const events = ['b.csv', 'a.csv', 'deeper/c.csv'].map((name) => stack.uploads.put(`s3://inputs/new/${name}`));
    expect(await stack.deliver(events)).toEqual([]);
    expect(await stack.inputs()).toEqual([['s3://inputs/new/a.csv', 's3://inputs/new/b.csv', 's3://inputs/new/deeper/c.csv']]);
    const [job] = await stack.jobs();
    expect(job).toMatchObject({ name: 'count', code: { sha256: 'c0de' }, output: `s3://results/counts/${job?.jobId}` });
  });

  it('says of a list that is gone what to do, as of any missing input', async () => {
    const stack = new Stack();
    const input = new ListedInputStore(stack.world.input, stack.world.work);
    const listed = input.list(listLocation('triggers/new/starts/gone.json')).next();
    await expect(listed).rejects.toMatchObject({
      code: 'REFOLD_INPUT_MISSING',
      hint: expect.stringContaining('list of the uploads'),
    });
  });

  it('starts nothing for what does not match, and does not ask for it again', async () => {
    const stack = new Stack();
    const names = ['new/a.txt', 'old/a.csv', 'new/_SUCCESS.csv', 'new/.hidden/a.csv', 'new/_tmp/a.csv'];
    const events = names.map((name) => stack.uploads.put(`s3://inputs/${name}`));
    expect(await stack.deliver([...events, stack.uploads.put('s3://other/new/a.csv')])).toEqual([]);
    expect(stack.executions.started).toEqual([]);
  });

  it('starts one job for an event that is delivered often, and another for a new upload of the same content', async () => {
    const stack = new Stack();
    const event = stack.uploads.put('s3://inputs/new/a.csv');
    await stack.deliver([event, event]);
    await stack.deliver([event]);
    expect(stack.executions.started).toHaveLength(1);
    const again = stack.uploads.put('s3://inputs/new/a.csv');
    await stack.deliver([event, again]);
    expect(await stack.inputs()).toEqual([['s3://inputs/new/a.csv'], ['s3://inputs/new/a.csv']]);
  });

  it('reads every upload in exactly one job, however batches are put together and wherever starters die', async () => {
    const whole = new Mortal();
    const names = ['a', 'b', 'c', 'd'].map((name) => `s3://inputs/new/${name}.csv`);
    const deliver = async (stack: Stack, mortal: Mortal) => {
      const [a, b, c, d] = names.map((name) => stack.uploads.put(name)) as [string, string, string, string];
      const first = await stack.deliver([a, b, c], mortal);
      const failed = first.length > 0;
      // All of the first come again when one failed; and some do anyway, with others.
      await Promise.all([stack.deliver([b, d]), stack.deliver([c, a, d]), ...(failed ? [stack.deliver([a])] : [])]);
      await stack.deliver([d, c, b, a]);
    };
    await deliver(new Stack(), whole);
    expect(whole.calls).toBeGreaterThan(20);
    for (let call = 0; call < whole.calls; call++) {
      for (const when of ['before', 'after'] as const) {
        const stack = new Stack();
        await deliver(stack, new Mortal(call, when)).catch((error: unknown) => expect(error).toBeInstanceOf(Died));
        expect((await stack.inputs()).flat().toSorted()).toEqual(names);
      }
    }
  });

  it('finds the same job at a second delivery though other code was deployed since', async () => {
    const stack = new Stack();
    const event = stack.uploads.put('s3://inputs/new/a.csv');
    await stack.deliver([event]);
    stack.sha256 = 'c0de2';
    await stack.deliver([event]);
    expect(stack.executions.started).toHaveLength(1);
  });

  it('decides once what a batch starts, though two look at the same time and see different things', async () => {
    const stack = new Stack();
    const event = stack.uploads.put('s3://inputs/new/a.csv');
    const find = stack.uploads.find.bind(stack.uploads);
    let isFirst = true;
    stack.uploads.find = async (key) => {
      const found = await find(key);
      if (isFirst) {
        isFirst = false;
        stack.sha256 = 'c0de2';
        await stack.deliver([event]);
      }
      return found;
    };
    await stack.deliver([event]);
    expect(stack.executions.started).toHaveLength(1);
  });

  it('leaves a job that has failed, been cancelled or lost its output as it is when its event comes again', async () => {
    const stack = new Stack();
    const event = stack.uploads.put('s3://inputs/new/a.csv');
    await stack.deliver([event]);
    const { jobId } = stack.executions.started[0]!.input;
    await stack.world.ledger.setJobState(jobId, 'PLANNING', 'FAILED', 1);
    stack.executions.end(`${jobId}-1`, { status: 'FAILED' });
    expect(await stack.deliver([event])).toEqual([]);
    expect(stack.executions.started).toHaveLength(1);
  });

  it('leaves a version that was written over to the event of the later one, and one that is gone to nobody', async () => {
    const stack = new Stack();
    const old = stack.uploads.put('s3://inputs/new/a.csv', 'old');
    const gone = stack.uploads.put('s3://inputs/new/b.csv');
    stack.uploads.remove('s3://inputs/new/b.csv');
    const late = stack.uploads.put('s3://inputs/new/a.csv', 'new');
    expect(await stack.deliver([old, gone])).toEqual([]);
    expect(stack.executions.started).toEqual([]);
    expect(stack.logged).toEqual(['uploads start nothing']);
    await stack.deliver([late]);
    expect(await stack.inputs()).toEqual([['s3://inputs/new/a.csv']]);
  });

  it('gives each upload a job of its own where the output is named by it, and a new version the same output', async () => {
    const stack = new Stack();
    stack.rules = [{ ...counts, output: 's3://results/by/{name}' }];
    const names = ['new/x (1).csv', 'new/y/é?.csv'];
    await stack.deliver(names.map((name) => stack.uploads.put(`s3://inputs/${name}`)));
    const outputs = (await stack.jobs()).map(({ output }) => output).toSorted();
    expect(outputs).toEqual(['s3://results/by/x%20%281%29.csv', 's3://results/by/y/%C3%A9%3F.csv']);
    const again = stack.uploads.put('s3://inputs/new/x (1).csv', 'other');
    // The first job is under way and has the output.
    expect(await stack.deliver([again])).toEqual(['0']);
    const first = stack.executions.started.find(({ name }) => name.startsWith('count'))!;
    for (const { input } of stack.executions.started) {
      await stack.world.ledger.setJobState(input.jobId, 'PLANNING', 'FAILED', 1);
    }
    expect(await stack.deliver([again])).toEqual([]);
    expect(stack.executions.started).toHaveLength(3);
    expect(first).toBeDefined();
  });

  it('answers messages that are no uploads as failed, and starts the others', async () => {
    const stack = new Stack();
    const event = stack.uploads.put('s3://inputs/new/a.csv');
    const broken = ['', 'null', '{}', '[]', '{"detail-type":"Object Created","detail":{"bucket":{"name":"in"},"object":{}}}'];
    expect(await stack.deliver([...broken, event])).toEqual(['0', '1', '2', '3', '4']);
    expect(stack.executions.started).toHaveLength(1);
  });

  it('refuses uploads and outputs outside of the places of the stack', async () => {
    const stack = new Stack();
    stack.rules = [
      { ...counts, bucket: 'elsewhere' },
      { ...counts, name: 'out', output: 's3://nowhere/{jobId}' },
    ];
    const events = [stack.uploads.put('s3://elsewhere/new/a.csv'), stack.uploads.put('s3://inputs/new/a.csv')];
    expect(await stack.deliver(events)).toEqual(['0', '1']);
    expect(await stack.world.ledger.listJobs()).toEqual([]);
  });

  it('refuses an output that holds the upload', async () => {
    const stack = new Stack();
    stack.rules = [{ ...counts, output: 's3://inputs/back', prefix: 'back/', maxDepth: 1 }];
    expect(await stack.deliver([stack.uploads.put('s3://inputs/back/a.csv')])).toEqual(['0']);
    expect(stack.executions.started).toEqual([]);
  });
});

describe('chains of jobs', () => {
  const first: TriggerRule = { ...counts, name: 'first', suffix: '', output: 's3://results/mid/{jobId}' };
  const second: TriggerRule = {
    ...counts,
    name: 'second',
    bucket: 'results',
    prefix: 'mid/',
    suffix: '',
    output: 's3://inputs/back/new/{jobId}',
  };
  const third: TriggerRule = {
    ...counts,
    name: 'third',
    prefix: 'back/new/',
    suffix: '',
    output: 's3://results/mid/again/{jobId}',
  };

  it('do not begin by themselves: what lies at an output, in the work area, or was written by a job starts nothing', async () => {
    const stack = new Stack();
    stack.rules = [first, second, { ...counts, name: 'work', bucket: 'work', prefix: '' }];
    await stack.deliver([
      stack.uploads.put('s3://results/mid/by-hand.csv'),
      stack.uploads.put('s3://work/w/jobs/a/part.csv'),
      stack.uploads.put('s3://inputs/new/copied.csv', 'x', 'count-of-another-stack'),
    ]);
    expect(stack.executions.started).toEqual([]);
  });

  it('end at the depth that a rule allows', async () => {
    const stack = new Stack();
    stack.rules = [first, second, third].map((rule) => ({ ...rule, maxDepth: 3 }));
    let events = [stack.uploads.put('s3://inputs/new/a.csv')];
    for (let turn = 0; turn < 10 && events.length > 0; turn++) {
      const before = stack.executions.started.length;
      await stack.deliver(events);
      const started = stack.executions.started.slice(before).map(({ input }) => input.jobId);
      const jobs = (await stack.jobs()).filter(({ jobId }) => started.includes(jobId));
      events = jobs.map(({ jobId, output }) => stack.uploads.put(`${output}/part-00000.tsv`, 'x', jobId));
    }
    expect(stack.executions.started).toHaveLength(4);
    expect((await stack.jobs()).map(({ chainDepth = 0 }) => chainDepth).toSorted()).toEqual([0, 1, 2, 3]);
  });
});
