import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { DynamoTaskLedger } from '../../../lib/aws/ledger/dynamo-task-ledger.ts';
import { AwsRequests } from '../../../lib/aws/requests/requests.ts';
import { MemoryTaskLedger } from '../../../lib/memory/memory-task-ledger.ts';
import { RandomIds } from '../../../lib/node/random-ids.ts';
import { SystemClock } from '../../../lib/node/system-clock.ts';
import {
  countAbandoned,
  type JobItem,
  type JobState,
  type MapResult,
  type TaskId,
  type TaskItem,
  type TaskLedger,
} from '../../../lib/ports/task-ledger.ts';
import { segmentKey } from '../../../lib/work/work-layout.ts';
import { collect } from '../../contract/collect.ts';
import { runProcess } from '../../local/run-process.ts';
import { makeLedgerTable, type TestTable } from './ledger-table.ts';

let table: TestTable;
const opened: AwsRequests[] = [];
const ids = new RandomIds();

beforeAll(async () => {
  table = await makeLedgerTable();
});
afterAll(async () => {
  for (const requests of opened) requests.close();
  await table?.remove();
});

type Answer = { output: Record<string, unknown> };
/** Runs around each try of each request. `operation` is such as PutItemCommand; all tries of one request have its id. */
type Fault = (operation: string, send: () => Promise<Answer>, requestId: string) => Promise<Answer>;

/** A ledger of its own, as another process has it. */
function openLedger(
  options: {
    readonly fault?: Fault;
    readonly clock?: TestClock;
    readonly onAnswer?: (answer: Answer) => void;
    readonly tableName?: string;
  } = {},
): {
  readonly ledger: TaskLedger;
  readonly requests: AwsRequests;
} {
  // Waits between tries are not what is tested here.
  const requests = new AwsRequests({ clock: { nowMs: () => 0, sleep: async () => undefined } });
  opened.push(requests);
  const client = requests.client(DynamoDBClient);
  const { fault, onAnswer, clock = new SystemClock(), tableName = table.name } = options;
  if (onAnswer) {
    client.middlewareStack.add(
      (next) => async (call) => {
        const answer = await next({ ...call, input: { ...call.input, ReturnConsumedCapacity: 'TOTAL' } });
        onAnswer(answer as unknown as Answer);
        return answer;
      },
      { step: 'initialize' },
    );
  }
  if (fault) {
    client.middlewareStack.add(
      (next, context) => async (call) => {
        const { headers } = call.request as { headers: Record<string, string> };
        const send = () => next(call) as unknown as Promise<Answer>;
        return (await fault(context.commandName ?? '', send, headers['amz-sdk-invocation-id'] ?? '')) as never;
      },
      { step: 'deserialize', priority: 'high' },
    );
  }
  return { ledger: new DynamoTaskLedger({ client: () => client, tableName, clock }), requests };
}

type TestClock = ConstructorParameters<typeof DynamoTaskLedger>[0]['clock'];

/** What a lost connection looks like to the SDK. */
function lostReply(): Error {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
}

const RESULT: MapResult = { kind: 'map', segmentKey: 'a.seg', segmentBytes: 1, footerStart: 0 };

const MOVES = [
  ['PLANNING', 'MAPPING'],
  ['MAPPING', 'REDUCING'],
  ['REDUCING', 'COMMITTING'],
  ['REDUCING', 'FAILED'],
  ['MAPPING', 'CANCELLED'],
  ['COMMITTING', 'DONE'],
] as const;

function taskOf(jobId: string, index = 0): TaskId {
  return { jobId, step: 0, phase: 'map', index };
}

function jobItem(jobId: string, state: JobState = 'MAPPING'): JobItem {
  return {
    ...{ jobId, fingerprint: jobId, name: 'word-count', outputPath: `s3://bucket/${jobId}`, state, run: 0, executionId: '' },
    ...{ generations: [0], createdAtMs: 1_790_000_000_000, updatedAtMs: 1_790_000_000_000 },
  };
}

async function startJob(ledger: TaskLedger, state: JobState = 'MAPPING'): Promise<string> {
  const jobId = `job-${ids.newId()}`;
  await ledger.createJob(jobItem(jobId, state));
  await ledger.startRun(jobId, 1, `${jobId}-1`);
  return jobId;
}

describe('what the ledger costs', () => {
  it('is two writes of one unit and no read a task, where nobody else is at it', async () => {
    let units = 0;
    const { ledger, requests } = openLedger({
      onAnswer: ({ output }) => {
        units += (output.ConsumedCapacity as { CapacityUnits: number }).CapacityUnits;
      },
    });
    const jobId = 'word-count-of-everything-0123456789abcde';
    for (let index = 0; index < 20; index++) {
      const task = taskOf(jobId, index);
      const attemptId = ids.newId();
      await ledger.beginAttempt(task, attemptId, 1769 * 2 ** 20);
      const key = segmentKey(jobId, 0, index, attemptId);
      await ledger.commit(task, attemptId, {
        kind: 'map',
        segmentKey: key,
        segmentBytes: 2 ** 29,
        footerStart: 2 ** 28,
        upstream: [],
      });
    }
    expect(requests.counts.read()).toEqual({ 'dynamodb:UpdateItem': 40 });
    expect(units).toBe(40);
  });

  it('is one request for each attempt after a commit, which brings the commit along', async () => {
    const { ledger: winner } = openLedger();
    const jobId = await startJob(winner);
    await winner.beginAttempt(taskOf(jobId), 'a');
    await winner.commit(taskOf(jobId), 'a', RESULT);
    const { ledger, requests } = openLedger();
    expect(await ledger.beginAttempt(taskOf(jobId), 'b')).toMatchObject({ kind: 'committed', commit: { result: RESULT } });
    expect(requests.counts.read()).toEqual({ 'dynamodb:UpdateItem': 1 });
  });

  it('is three writes for a task that failed once', async () => {
    const { ledger, requests } = openLedger();
    const task = taskOf('failed-once');
    await ledger.beginAttempt(task, 'a');
    await ledger.failAttempt(task, 'a', { name: 'E', code: 'E', message: 'e', retryable: true });
    await ledger.beginAttempt(task, 'b');
    await ledger.commit(task, 'b', RESULT);
    expect(requests.counts.read()).toEqual({ 'dynamodb:UpdateItem': 4 });
  });

  it('is one write a change of the job, and two for its list when it is made', async () => {
    const { ledger, requests } = openLedger();
    const jobId = await startJob(ledger, 'PLANNING');
    await ledger.setJobState(jobId, 'PLANNING', 'MAPPING', 1);
    await ledger.acquireLease(`s3://bucket/${jobId}`, jobId);
    await ledger.releaseLease(`s3://bucket/${jobId}`, jobId);
    expect(requests.counts.read()).toEqual({
      'dynamodb:PutItem': 1,
      'dynamodb:TransactWriteItems': 1,
      'dynamodb:UpdateItem': 3,
      'dynamodb:DeleteItem': 1,
    });
  });
});

describe('many at once', () => {
  it('give a task one winner, and each loser hears of it', async () => {
    const { ledger } = openLedger();
    const others = Array.from({ length: 3 }, () => openLedger().ledger);
    const task = taskOf(await startJob(ledger));
    const attempts = Array.from({ length: 24 }, () => ids.newId());
    const numbers = await Promise.all(attempts.map((id, at) => others[at % 3]!.beginAttempt(task, id)));
    expect(new Set(numbers.map((begun) => (begun.kind === 'begun' ? begun.attempt : 0))).size).toBe(attempts.length);
    const answers = await Promise.all(attempts.map((id, at) => others[at % 3]!.commit(task, id, { ...RESULT, segmentKey: id })));
    const winner = attempts[answers.findIndex((answer) => answer.kind === 'won')]!;
    expect(answers.filter((answer) => answer.kind === 'won').length).toBe(1);
    for (const answer of answers) if (answer.kind === 'lost') expect(answer.winner.attemptId).toBe(winner);
    const item = await ledger.readTask(task);
    expect(item).toMatchObject({
      attempts: 24,
      lost: 23,
      failed: 0,
      commit: { attemptId: winner, result: { segmentKey: winner } },
    });
    expect(item?.usage.running).toEqual([]);
  });

  it('are counted right in real processes, each attempt under one end', async () => {
    const { ledger } = openLedger();
    const jobId = await startJob(ledger);
    const reports = await Promise.all(Array.from({ length: 3 }, () => runProcess(hammer(jobId))));
    expect(reports.map((end) => end.stderr).join('')).toBe('');
    const won = reports.flatMap((end) => JSON.parse(end.stdout).won as [number, string][]);
    const sumOf = (name: string): number => reports.reduce((total, end) => total + JSON.parse(end.stdout)[name], 0);
    const tasks = (await collect(ledger.readTasks(jobId, 0, 'map'))).flat();
    const sum = (count: (task: TaskItem) => number): number => tasks.reduce((total, task) => total + count(task), 0);
    expect(new Map(won).size).toBe(won.length);
    expect(sum((task) => task.attempts)).toBe(sumOf('begun'));
    expect(sum((task) => task.failed)).toBe(sumOf('failed'));
    expect(sum((task) => task.lost)).toBe(sumOf('lost'));
    expect(sum(countAbandoned)).toBe(sumOf('left'));
    for (const task of tasks) expect(task.commit?.attemptId).toBe(new Map(won).get(task.index));
  });

  it('raise the generation once for each commit they invalidate', async () => {
    const { ledger } = openLedger();
    const others = Array.from({ length: 3 }, () => openLedger().ledger);
    const jobId = await startJob(ledger, 'REDUCING');
    const indexes = Array.from({ length: 12 }, (_, index) => index);
    await Promise.all(indexes.map((index) => ledger.commit(taskOf(jobId, index), `a${index}`, RESULT)));
    const answers = await Promise.all(
      [...indexes, ...indexes, ...indexes].map((index, at) => others[at % 3]!.invalidate(taskOf(jobId, index), `a${index}`, 1)),
    );
    expect(new Set(answers)).toEqual(new Set(['invalidated']));
    expect(await ledger.readJob(jobId)).toMatchObject({ generations: [12], state: 'REDUCING' });
  });

  it('move a job and invalidate one of its commits, in one order or the other', async () => {
    for (let round = 0; round < 8; round++) {
      const { ledger } = openLedger();
      const jobId = await startJob(ledger, 'REDUCING');
      await ledger.commit(taskOf(jobId), 'a', RESULT);
      const [moved, invalidated] = await Promise.all([
        ledger.setJobState(jobId, 'REDUCING', 'COMMITTING', 1, { generations: [0] }),
        openLedger().ledger.invalidate(taskOf(jobId), 'a', 1),
      ]);
      expect(invalidated).toBe('invalidated');
      const job = await ledger.readJob(jobId);
      expect(job?.generations).toEqual([1]);
      // COMMITTING over a generation that was not checked is what must never be.
      expect(job?.state).toBe(moved.kind === 'moved' ? 'MAPPING' : 'REDUCING');
    }
  });
});

describe('an invalidation that something overtakes', () => {
  /** What `overtake` does falls between the invalidation's look and its write, once. */
  const invalidateLate = async (state: JobState, overtake: (ledger: TaskLedger, jobId: string) => Promise<unknown>) => {
    const { ledger } = openLedger();
    const jobId = await startJob(ledger, state);
    await ledger.commit(taskOf(jobId), 'a', RESULT);
    let isOvertaken = false;
    const late = openLedger({
      fault: async (operation, send) => {
        if (operation === 'TransactWriteItemsCommand' && !isOvertaken) {
          isOvertaken = true;
          await overtake(ledger, jobId);
        }
        return send();
      },
    });
    const answer = await late.ledger.invalidate(taskOf(jobId), 'a', 1);
    expect(isOvertaken).toBe(true);
    return { answer, task: await ledger.readTask(taskOf(jobId)), job: await ledger.readJob(jobId) };
  };

  it('is refused when it is a new run', async () => {
    const { answer, task, job } = await invalidateLate('REDUCING', (ledger, jobId) => ledger.startRun(jobId, 2, 'execution-2'));
    expect(answer).toBe('not-current');
    expect(task).toMatchObject({ commit: { attemptId: 'a' }, invalidated: [] });
    expect(job).toMatchObject({ generations: [0], run: 2 });
  });

  it('is refused when it is the end of the job', async () => {
    const { answer, task, job } = await invalidateLate('COMMITTING', (ledger, jobId) =>
      ledger.setJobState(jobId, 'COMMITTING', 'DONE', 1),
    );
    expect(answer).toBe('not-current');
    expect(task).toMatchObject({ commit: { attemptId: 'a' } });
    expect(job).toMatchObject({ generations: [0], state: 'DONE' });
  });

  it('leaves the commit that has taken the place of its own', async () => {
    const { answer, task, job } = await invalidateLate('REDUCING', async (ledger, jobId) => {
      await ledger.invalidate(taskOf(jobId), 'a', 1);
      await ledger.commit(taskOf(jobId), 'b', RESULT);
    });
    expect(answer).toBe('invalidated');
    expect(task).toMatchObject({ commit: { attemptId: 'b' }, invalidated: ['a'] });
    expect(job).toMatchObject({ generations: [1] });
  });

  it('goes on when it is a loser that is counted', async () => {
    const { answer, task, job } = await invalidateLate('REDUCING', (ledger, jobId) => ledger.commit(taskOf(jobId), 'b', RESULT));
    expect(answer).toBe('invalidated');
    expect(task).toMatchObject({ attempts: 2, lost: 1, invalidated: ['a'] });
    expect(job).toMatchObject({ generations: [1] });
  });
});

describe('a lease of a job that has ended', () => {
  it('is taken over by one of many', async () => {
    const { ledger } = openLedger();
    const path = `s3://bucket/${ids.newId()}`;
    const ended = await startJob(ledger);
    await ledger.acquireLease(path, ended);
    await ledger.setJobState(ended, 'MAPPING', 'FAILED', 1);
    const jobs = await Promise.all(Array.from({ length: 8 }, () => startJob(ledger)));
    const answers = await Promise.all(jobs.map((jobId) => openLedger().ledger.acquireLease(path, jobId)));
    const winners = jobs.filter((_, at) => answers[at]!.kind === 'acquired');
    expect(winners.length).toBe(1);
    for (const answer of answers) if (answer.kind === 'held') expect(answer.by).toBe(winners[0]);
  });

  it('stays with a job that is started again in the very moment', async () => {
    const { ledger } = openLedger();
    const path = `s3://bucket/${ids.newId()}`;
    const ended = await startJob(ledger);
    await ledger.acquireLease(path, ended);
    await ledger.setJobState(ended, 'MAPPING', 'FAILED', 1);
    const jobId = await startJob(ledger);
    const late = openLedger({
      fault: async (operation, send) => {
        if (operation === 'TransactWriteItemsCommand') await ledger.startRun(ended, 2, 'again');
        return send();
      },
    });
    expect(await late.ledger.acquireLease(path, jobId)).toEqual({ kind: 'held', by: ended });
    expect(await ledger.acquireLease(path, ended)).toEqual({ kind: 'acquired' });
  });

  it('belongs to who took it first, not to who looked first', async () => {
    const { ledger } = openLedger();
    const path = `s3://bucket/${ids.newId()}`;
    const ended = await startJob(ledger);
    await ledger.acquireLease(path, ended);
    await ledger.setJobState(ended, 'MAPPING', 'CANCELLED', 1);
    const [first, second] = [await startJob(ledger), await startJob(ledger)];
    const late = openLedger({
      fault: async (operation, send) => {
        if (operation === 'TransactWriteItemsCommand')
          expect(await ledger.acquireLease(path, first)).toEqual({ kind: 'acquired' });
        return send();
      },
    });
    expect(await late.ledger.acquireLease(path, second)).toEqual({ kind: 'held', by: first });
  });
});

describe('a lost reply', () => {
  it('changes no answer and no item, whatever is called in whatever order', async () => {
    const call = fc.record({
      kind: fc.constantFrom('begin', 'begin', 'commit', 'commit', 'fail', 'invalidate', 'start', 'move', 'lease', 'release'),
      attemptId: fc.constantFrom('a', 'b', 'c'),
      states: fc.constantFrom(...MOVES),
      run: fc.integer({ min: 1, max: 3 }),
      isOther: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 25 }), async (calls) => {
        let nowMs = 1_790_000_000_000;
        const clock = { nowMs: () => nowMs, sleep: async () => undefined };
        const { ledger, requests } = openLedger({ clock, fault: firstReplyLost() });
        const oracle = new MemoryTaskLedger(clock);
        const jobs = [`job-${ids.newId()}`, `job-${ids.newId()}`] as const;
        const path = `s3://bucket/${ids.newId()}`;
        for (const jobId of jobs) {
          await ledger.createJob(jobItem(jobId));
          await oracle.createJob(jobItem(jobId));
        }
        const make = (
          target: TaskLedger,
          { kind, attemptId, states: [from, to], run, isOther }: (typeof calls)[number],
        ): Promise<unknown> => {
          const [jobId, otherId] = jobs;
          switch (kind) {
            case 'begin':
              return target.beginAttempt(taskOf(jobId), attemptId, 2 ** 20);
            case 'commit':
              return target.commit(taskOf(jobId), attemptId, { ...RESULT, segmentKey: attemptId });
            case 'fail':
              return target.failAttempt(taskOf(jobId), attemptId, { name: 'E', code: 'E', message: attemptId, retryable: true });
            case 'invalidate':
              return target.invalidate(taskOf(jobId), attemptId, run);
            case 'start':
              return target.startRun(jobId, run, `execution-${attemptId}`);
            case 'move':
              return target.setJobState(jobId, from, to, run, isOther ? { generations: [0] } : {});
            case 'lease':
              return target.acquireLease(path, isOther ? otherId : jobId);
            default:
              return target.releaseLease(path, isOther ? otherId : jobId);
          }
        };
        for (const each of calls) {
          nowMs += 1000;
          expect(await make(ledger, each)).toEqual(await make(oracle, each));
          const [found, expected] = [await ledger.readTask(taskOf(jobs[0])), await oracle.readTask(taskOf(jobs[0]))];
          const { lastFailure: _, ...rest } = expected ?? { index: 0 };
          if (expected) expect(found).toMatchObject(rest);
          else expect(found).toBeUndefined();
          expect(await ledger.readJob(jobs[0])).toEqual(await oracle.readJob(jobs[0]));
        }
        requests.close();
      }),
      { numRuns: 25 },
    );
  });

  it('of a job that was made makes one entry in the list', async () => {
    const jobId = `job-${ids.newId()}`;
    const { ledger } = openLedger({ fault: firstReplyLost() });
    expect((await ledger.createJob(jobItem(jobId))).job.jobId).toBe(jobId);
    expect((await ledger.createJob({ ...jobItem(jobId), createdAtMs: 1_600_000_000_000 })).kind).toBe('exists');
    expect((await ledger.listJobs()).filter((job) => job.jobId === jobId).length).toBe(1);
  });

  it('for good is an error, after which the same call has the same answer', async () => {
    const { ledger } = openLedger();
    const task = taskOf(await startJob(ledger));
    const cut = openLedger({
      fault: async (_, send) => {
        await send().catch(() => undefined);
        throw lostReply();
      },
    });
    await expect(cut.ledger.beginAttempt(task, 'a')).rejects.toMatchObject({ code: 'REFOLD_AWS_TRANSIENT' });
    expect(await ledger.beginAttempt(task, 'a')).toEqual({ kind: 'begun', attempt: 1 });
    await expect(cut.ledger.commit(task, 'a', RESULT)).rejects.toMatchObject({ code: 'REFOLD_AWS_TRANSIENT' });
    expect(await ledger.commit(task, 'a', RESULT)).toEqual({ kind: 'won' });
    await expect(cut.ledger.invalidate(task, 'a', 1)).rejects.toMatchObject({ code: 'REFOLD_AWS_TRANSIENT' });
    expect(await ledger.invalidate(task, 'a', 1)).toBe('invalidated');
    expect(await ledger.readJob(task.jobId)).toMatchObject({ generations: [1] });
  });
});

describe('the list of jobs', () => {
  it('has all pages of all months, the newest first, and none that is deleted', async () => {
    const own = await makeLedgerTable();
    onTestFinished(own.remove);
    const { ledger } = openLedger({ tableName: own.name });
    const days = Array.from({ length: 130 }, (_, at) => (at < 120 ? 20_000 : 20_000 - at * 9));
    const made = days.map((day, at) => ({ ...jobItem(`job-${at}`), createdAtMs: day * 86_400_000 + at }));
    await Promise.all(made.map((job) => ledger.createJob(job)));
    await ledger.setJobState('job-7', 'MAPPING', 'FAILED', 0);
    await ledger.deleteJob('job-8');
    const expected = made
      .toSorted((left, right) => right.createdAtMs - left.createdAtMs)
      .filter(({ jobId }) => jobId !== 'job-8');
    const listed = await openLedger({ tableName: own.name }).ledger.listJobs();
    expect(listed.map((job) => job.jobId)).toEqual(expected.map((job) => job.jobId));
    expect(listed.find((job) => job.jobId === 'job-7')).toMatchObject({ state: 'FAILED' });
  });
});

describe('a task that is tried without end', () => {
  it('keeps counting in an item that stays small', async () => {
    const { ledger } = openLedger();
    const jobId = await startJob(ledger);
    const task = taskOf(jobId);
    const failure = { name: 'E', code: 'E', message: 'x'.repeat(1800), retryable: true };
    for (let number = 1; number <= 150; number++) {
      expect(await ledger.beginAttempt(task, `a${number}`, 2 ** 30)).toEqual({ kind: 'begun', attempt: number });
      if (number % 3 === 0) await ledger.failAttempt(task, `a${number}`, failure);
      if (number === 10) await ledger.commit(task, 'a10', RESULT);
      if (number === 10) await ledger.invalidate(task, 'a10', 1);
    }
    expect(await ledger.commit(task, 'a10', RESULT)).toEqual({ kind: 'invalidated' });
    expect(await ledger.commit(task, 'a150', RESULT)).toEqual({ kind: 'won' });
    const item = await ledger.readTask(task);
    expect(item).toMatchObject({ attempts: 150, failed: 49, lost: 0, invalidated: ['a10'], commit: { attemptId: 'a150' } });
    expect(item!.usage.running.length).toBeLessThan(64);
  });
});

describe('a large phase', () => {
  it('is read whole and in order, over several pages a shard, and deleted whole', async () => {
    const { ledger, requests } = openLedger();
    const jobId = await startJob(ledger);
    // 30 KB an item in three of the shards: 48 items are 1.4 MB, more than a page of any.
    const upstream = Array.from({ length: 1000 }, () => ids.newId());
    const heavy = Array.from({ length: 48 }, (_, at) => at * 16).flatMap((index) => [index, index + 3, index + 15]);
    const light = Array.from({ length: 100 }, (_, at) => at * 7 + 1).filter((index) => !heavy.includes(index));
    await Promise.all([
      ...heavy.map((index) => ledger.commit(taskOf(jobId, index), `a${index}`, { ...RESULT, upstream })),
      ...light.map((index) => ledger.commit(taskOf(jobId, index), `a${index}`, RESULT)),
    ]);
    const before = requests.counts.read()['dynamodb:Query'] ?? 0;
    const tasks = (await collect(ledger.readTasks(jobId, 0, 'map'))).flat();
    expect((requests.counts.read()['dynamodb:Query'] ?? 0) - before).toBeGreaterThan(16);
    expect(tasks.map((task) => task.index)).toEqual([...heavy, ...light].toSorted((left, right) => left - right));
    for (const { index, commit } of tasks) expect(commit?.attemptId).toBe(`a${index}`);
    await ledger.deleteJob(jobId);
    expect(await collect(ledger.readTasks(jobId, 0, 'map'))).toEqual([]);
    expect(await ledger.readJob(jobId)).toBeUndefined();
  });

  it('is deleted whole also when batches are left over', async () => {
    const { ledger } = openLedger();
    const jobId = await startJob(ledger);
    await Promise.all(Array.from({ length: 80 }, (_, at) => ledger.commit(taskOf(jobId, at * 16), `a${at}`, RESULT)));
    let cut = 0;
    const waits: number[] = [];
    const { ledger: throttled } = openLedger({
      clock: { nowMs: Date.now, sleep: async (ms) => void waits.push(ms) },
      fault: leaveOver(() => cut++ % 2 === 0),
    });
    expect((await throttled.listJobs()).some((job) => job.jobId === jobId)).toBe(true);
    await throttled.deleteJob(jobId);
    expect(cut).toBeGreaterThan(4);
    expect(waits.length).toBeGreaterThan(0);
    expect(await collect(ledger.readTasks(jobId, 0, 'map'))).toEqual([]);
    expect((await ledger.listJobs()).some((job) => job.jobId === jobId)).toBe(false);
  });

  it('gives up on a table that never takes a batch', async () => {
    const { ledger } = openLedger();
    const jobId = await startJob(ledger);
    const stuck = openLedger({ clock: { nowMs: Date.now, sleep: async () => undefined }, fault: leaveOver(() => true) });
    await expect(stuck.ledger.deleteJob(jobId)).rejects.toMatchObject({ code: 'REFOLD_AWS_TRANSIENT' });
    expect(await ledger.readJob(jobId)).toBeDefined();
  });
});

/** The first try of each request is done, and its reply gets lost. */
function firstReplyLost(): Fault {
  const tried = new Set<string>();
  return async (_, send, requestId) => {
    if (tried.has(requestId)) return await send();
    tried.add(requestId);
    await send().catch(() => undefined);
    throw lostReply();
  };
}

/** A table that lacks capacity: a batch that is cut leaves all of it over. */
function leaveOver(isCut: () => boolean): Fault {
  return async (operation, send) => {
    const answer = await send();
    if (operation === 'BatchGetItemCommand' && isCut()) {
      const keys = (Object.values(answer.output.Responses ?? {}) as Record<string, unknown>[][]).flat();
      answer.output.UnprocessedKeys = { [table.name]: { Keys: keys.map(({ pk, sk }) => ({ pk, sk })) } };
      answer.output.Responses = {};
    }
    if (operation === 'BatchWriteItemCommand' && isCut()) {
      // Deleting again what is gone does no harm, so the keys that are left over may be any: the job's own is the telling one.
      answer.output.UnprocessedItems = { [table.name]: [{ DeleteRequest: { Key: { pk: { S: 'left' }, sk: { S: 'over' } } } }] };
    }
    return answer;
  };
}

/** Begins and ends an attempt at every task, in its own order: most win some, lose some, fail some, leave some. */
function hammer(jobId: string): string {
  const lib = (file: string): string => JSON.stringify(new URL(`../../../lib/${file}`, import.meta.url).href);
  const dynamo = JSON.stringify(import.meta.resolve('@aws-sdk/client-dynamodb'));
  return `
    const { DynamoDBClient } = await import(${dynamo});
    const { DynamoTaskLedger } = await import(${lib('aws/ledger/dynamo-task-ledger.ts')});
    const { AwsRequests } = await import(${lib('aws/requests/requests.ts')});
    const { SystemClock } = await import(${lib('node/system-clock.ts')});
    const { RandomIds } = await import(${lib('node/random-ids.ts')});
    const ids = new RandomIds();
    const requests = new AwsRequests();
    const options = { client: () => requests.client(DynamoDBClient), tableName: ${JSON.stringify(table.name)}, clock: new SystemClock() };
    const ledger = new DynamoTaskLedger(options);
    const failure = { name: 'E', code: 'E', message: 'e', retryable: true };
    const report = { begun: 0, won: [], lost: 0, failed: 0, left: 0 };
    const attempt = async (index) => {
      const task = { jobId: ${JSON.stringify(jobId)}, step: 0, phase: 'map', index };
      const id = ids.newId();
      if ((await ledger.beginAttempt(task, id)).kind === 'committed') return;
      report.begun++;
      const fate = ids.random();
      if (fate < 0.2) { await ledger.failAttempt(task, id, failure); report.failed++; return; }
      if (fate < 0.3) { report.left++; return; }
      const result = { kind: 'map', segmentKey: id, segmentBytes: 1, footerStart: 0 };
      const answer = await ledger.commit(task, id, result);
      if (answer.kind === 'won') report.won.push([index, id]); else report.lost++;
      if ((await ledger.commit(task, id, result)).kind !== answer.kind) throw new Error('a repeat had another answer');
    };
    for (let index = 0; index < 25; index++) await Promise.all([attempt(index), attempt(index), attempt((index + process.pid) % 25)]);
    requests.close();
    console.log(JSON.stringify(report));`;
}
