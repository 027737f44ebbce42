import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TransientError } from '../../lib/aws/requests/aws-error.ts';
import { cancelOnStack } from '../../lib/cli/commands/cancel.ts';
import { catOnStack } from '../../lib/cli/commands/cat.ts';
import { removeStack } from '../../lib/cli/commands/destroy.ts';
import { showLogs } from '../../lib/cli/commands/logs.ts';
import { listOnStack } from '../../lib/cli/commands/ls.ts';
import { resumeOnStack } from '../../lib/cli/commands/resume.ts';
import { statusOnStack } from '../../lib/cli/commands/status.ts';
import { watchOnStack } from '../../lib/cli/commands/watch.ts';
import { exitCodeOf } from '../../lib/cli/show/exit-code.ts';
import { refuseWhileRunning } from '../../lib/cli/stack/running-jobs.ts';
import { watchJob } from '../../lib/cli/stack/watch-job.ts';
import { readJobRecord } from '../../lib/coordinator/job-access.ts';
import { BudgetExceededError } from '../../lib/coordinator/job-budget.ts';
import { toFailure } from '../../lib/job/failure.ts';
import { type LocalJob, run } from '../../lib/run.ts';
import { temporaryFolder } from '../local/temporary-folder.ts';
import { captured } from './captured.ts';
import { type FakeStack, givenFlags, stackOver } from './memory-stack.ts';

const JOB = `import { defineJob, lines, sum } from 'refold';
export default defineJob({
  input: lines(),
  params: { delayMs: 0 },
  async map(line, emit, task) {
    if (task.params.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, task.params.delayMs));
    for (const word of line.split(' ')) emit(word, 1);
  },
  reduce: sum(),
});
`;
const TEXT = Array.from({ length: 12 }, (_, at) => `w${at % 3} x\n`).join('');

/** A job that runs, or has run, over four or so splits. */
async function started(params = {}): Promise<{ readonly job: LocalJob; readonly stack: FakeStack }> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'words.ts'), JOB);
  writeFileSync(join(folder, 'in.txt'), TEXT);
  const job = await run(join(folder, 'words.ts'), {
    input: 'in.txt',
    output: 'out',
    cwd: folder,
    params,
    splitBytes: 16,
    soloBytes: 0,
    workers: 'inline',
  });
  return { job, stack: stackOver(folder) };
}

async function done(): Promise<{ readonly jobId: string; readonly stack: FakeStack }> {
  const { job, stack } = await started();
  await job.result();
  return { jobId: job.id, stack };
}

/** A job that nobody works on: its ledger says that it maps. */
async function stopped(): Promise<{ readonly jobId: string; readonly stack: FakeStack }> {
  const { job, stack } = await started({ delayMs: 60_000 });
  await waitFor(async () => (await job.status()).state === 'MAPPING');
  const cancelling = job.cancel();
  await cancelling;
  await job.result().catch(() => {});
  return { jobId: job.id, stack };
}

async function waitFor(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('destroy', () => {
  it('is refused while a job runs, unless it is told to, and asks nothing before', async () => {
    const { jobId, stack } = await stopped();
    await stack.resume(jobId, {}, false);
    let removed = 0;
    const removal = { region: 'r', remove: async () => ({ kind: 'deleted', kept: [], removals: ++removed }), close: () => {} };
    const remove = (flags: Readonly<Record<string, string>>) =>
      captured(() =>
        removeStack(removal as never, 'fake', givenFlags([], flags), (_name, change) => refuseWhileRunning(stack, change)),
      );
    await expect(remove({})).rejects.toMatchObject({
      code: 'REFOLD_STACK_BUSY',
      message: expect.stringContaining(`which would end with it: ${jobId}`),
      hint: expect.stringContaining('--while-running'),
    });
    expect(removed).toBe(0);
    expect(await remove({ yes: '', 'while-running': '' })).toMatchObject({ exitCode: 0 });
    for (const name of stack.executions.names()) stack.executions.end(name, { status: 'FAILED' });
    expect(await remove({ yes: '' })).toMatchObject({ exitCode: 0 });
    expect(removed).toBe(2);
  });
});

describe('deploy', () => {
  it('is refused while a job runs, which it names, and not when its execution is gone', async () => {
    const { jobId, stack } = await stopped();
    await stack.resume(jobId, {}, false);
    await expect(refuseWhileRunning(stack, 'deploy')).rejects.toMatchObject({
      code: 'REFOLD_STACK_BUSY',
      message: expect.stringContaining(jobId),
      hint: expect.stringContaining('--while-running'),
    });
    await expect(refuseWhileRunning(stack, 'deploy')).rejects.toSatisfy((error) => exitCodeOf(error) === 2);
    for (const name of stack.executions.names()) stack.executions.end(name, { status: 'FAILED' });
    await refuseWhileRunning(stack, 'deploy');
  });

  it('takes no notice of jobs that have ended', async () => {
    const { stack } = await done();
    stack.isRunning = async () => true;
    await refuseWhileRunning(stack, 'deploy');
  });
});

describe('watch', () => {
  it('follows a job that runs to its end, and shows its phases, its summary and its cost', async () => {
    const { job, stack } = await started({ delayMs: 100 });
    stack.isRunning = async () => true;
    await waitFor(async () => (await job.status()).state !== 'PLANNING');
    const { exitCode, stdout, stderr } = await captured(() => watchOnStack(stack, givenFlags([job.id.slice(0, 8)])));
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^map {5}\d\/4 tasks/m);
    expect(stderr).toMatch(/^map {5}4\/4 tasks in [\d.]+ s, \$[\d.]+ so far$/m);
    expect(stderr).toMatch(/^reduce {2}1\/1 tasks/m);
    expect(stderr).toMatch(new RegExp(`^done {6}${job.id} in `, 'm'));
    expect(stderr).toMatch(/^cost {6}\$1\.25, about/m);
    expect(stderr).toContain(`next      refold cat ${job.id} --stack refold\n`);
  });

  it('ends with the exit code of how the job ended: 4 over budget, 3 cancelled, 1 failed', async () => {
    const { jobId, stack } = await stopped();
    const { ledger } = stack.world;
    expect((await captured(() => watchOnStack(stack, givenFlags([jobId])))).exitCode).toBe(3);
    await ledger.startRun(jobId, 2, 'e');
    const error = toFailure(new BudgetExceededError({ jobId, budgetUsd: 1, costUsd: 1.5 }));
    await ledger.setJobState(jobId, 'PLANNING', 'FAILED', 2, { error });
    const { exitCode, stderr } = await captured(() => watchOnStack(stack, givenFlags([jobId], { stack: 'other' })));
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/^error REFOLD_BUDGET_EXCEEDED {2}the job failed, \$[\d.]+ spent: /m);
    expect(stderr).toContain(`refold resume ${jobId} --stack other`);
    await ledger.startRun(jobId, 3, 'e3');
    await ledger.setJobState(jobId, 'PLANNING', 'FAILED', 3, { error: { ...error, code: 'REFOLD_INPUT_MISSING' } });
    expect((await captured(() => watchOnStack(stack, givenFlags([jobId])))).exitCode).toBe(1);
  });

  it('says that it watches no longer when AWS is out of reach, and not that nothing was run', async () => {
    const { jobId, stack } = await stopped();
    const record = await readJobRecord(stack.world, jobId);
    stack.world.ledger.readJob = () =>
      Promise.reject(new TransientError({ action: 'dynamodb:GetItem', resource: 't', reason: 'ENOTFOUND' }));
    const watching = captured(() => watchJob(stack, record, { isQuiet: true, isJson: false, flags: '' }));
    const { exitCode, stderr } = await watching;
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error REFOLD_AWS_TRANSIENT {2}no longer watching: /m);
    expect(stderr).toContain(`refold watch ${jobId}`);
  });

  it('says of a job that nothing works on how to go on', async () => {
    const { jobId, stack } = await stopped();
    await stack.world.ledger.startRun(jobId, 2, 'e');
    const { exitCode, stderr } = await captured(() => watchOnStack(stack, givenFlags([jobId])));
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error REFOLD_EXECUTION_LOST .*\n {2}what {2}Run 2 of .* is PLANNING/m);
    expect(stderr).toContain('refold resume');
  });
});

describe('a job on a stack', () => {
  it('is shown by status and ls in the shape of a local one, with its cost', async () => {
    const { jobId, stack } = await done();
    const status = await captured(() => statusOnStack(stack, givenFlags()));
    expect(status.stdout).toMatch(new RegExp(`^job {7}${jobId}\nstate {5}DONE, run 1\nmap {7}4 of 4 tasks committed`));
    expect(status.stdout).toMatch(/^cost {6}\$1\.25 so far/m);
    const json = JSON.parse((await captured(() => statusOnStack(stack, givenFlags([jobId], { json: '' })))).stdout);
    expect(json).toMatchObject({ jobId, state: 'DONE', run: 1, costUsd: 1.25, steps: [{ map: { tasks: 4 } }] });
    const list = JSON.parse((await captured(() => listOnStack(stack, givenFlags([], { json: '' })))).stdout);
    expect(list).toMatchObject([{ jobId, name: 'words', state: 'DONE', run: 1, pid: null, isRunning: false }]);
  });

  it('is written by cat, part after part', async () => {
    const { jobId, stack } = await done();
    const { stdout, exitCode } = await captured(() => catOnStack(stack, jobId));
    expect(exitCode).toBe(0);
    expect(stdout.split('\n').toSorted()).toEqual(['', 'w0\t4', 'w1\t4', 'w2\t4', 'x\t12']);
  });

  it('is refused by cat while it has no output, and unknown ids by every command', async () => {
    const { jobId, stack } = await stopped();
    await expect(catOnStack(stack, jobId)).rejects.toThrow(/holds no finished output/);
    await expect(statusOnStack(stack, givenFlags(['words-xyz']))).rejects.toMatchObject({
      message: 'words-xyz is no job of the stack fake.',
      hint: expect.stringContaining('See refold ls --stack fake.'),
    });
  });

  it('is cancelled in the ledger first, and its execution stopped, also when the command is repeated', async () => {
    const { jobId, stack } = await stopped();
    const started = await captured(() => resumeOnStack(stack, givenFlags([jobId], { detach: '' })));
    expect(started).toMatchObject({ exitCode: 0, stdout: `${jobId}\n` });
    expect(started.stderr).toContain(`${jobId} is started, run 2\nfollow it: refold watch ${jobId} --stack refold\n`);
    expect(stack.executions.names()).toEqual([`${jobId}-2`]);
    const states: string[] = [];
    const stop = stack.stopExecution;
    stack.stopExecution = async (job) => {
      states.push((await stack.world.ledger.readJob(jobId))!.state);
      await stop(job);
    };
    expect((await captured(() => cancelOnStack(stack, jobId))).stderr).toContain(`${jobId} is cancelled; attempts that run`);
    expect((await captured(() => cancelOnStack(stack, undefined))).exitCode).toBe(0);
    expect(states).toEqual(['CANCELLED', 'CANCELLED']);
    expect(await stack.executions.describe(`${jobId}-2`)).toEqual({ kind: 'ended', status: 'ABORTED' });
  });

  it('is resumed as one JSON object with --json', async () => {
    const { jobId, stack } = await stopped();
    const { stdout } = await captured(() => resumeOnStack(stack, givenFlags([jobId], { detach: '', json: '', quiet: '' })));
    expect(JSON.parse(stdout)).toMatchObject({ jobId, run: 2, output: expect.stringMatching(/out$/) });
  });
});

describe('logs', () => {
  it('asks only the functions of the role that --task names', async () => {
    const { jobId, stack } = await done();
    const roles: unknown[] = [];
    stack.readLogs = async function* ({ role }) {
      roles.push(role);
      yield* [];
    };
    const task = { role: 'map', index: 3, step: undefined };
    await captured(() => showLogs(stack, givenFlags([jobId]), { task, errorsOnly: false }));
    await captured(() => showLogs(stack, givenFlags([jobId]), { task: undefined, errorsOnly: false }));
    expect(roles).toEqual(['map', undefined]);
  });

  it('says what keeps it from seeing the end of the job that it follows', async () => {
    const { jobId, stack } = await stopped();
    const { ledger } = stack.world;
    let reads = 0;
    const readJob = ledger.readJob.bind(ledger);
    ledger.readJob = async (id) => {
      reads++;
      if (reads === 2) throw new Error('the ledger is away');
      return await readJob(id);
    };
    stack.readLogs = async function* (_, signal) {
      // Whoever reads the lines has a request under way.
      await new Promise((resolve) => signal.addEventListener('abort', () => setTimeout(resolve, 50), { once: true }));
      yield* [];
    };
    const filter = { task: undefined, errorsOnly: false };
    await expect(captured(() => showLogs(stack, givenFlags([jobId], { follow: '' }), filter))).rejects.toThrow(
      'the ledger is away',
    );
  });

  it("shows the lines that are wanted, of all functions, in the words of the job's tasks", async () => {
    const { jobId, stack } = await done();
    const attempt = { message: 'attempt', jobId, step: 0, attemptId: 'abcdefghijk', ms: 1500, bytes: 2e6, records: 10 };
    const line = (atMs: number, functionName: string, fields: object) =>
      stack.lines.push({ atMs, functionName, message: `${JSON.stringify(fields)}\n` });
    line(1_000, 'map', { level: 'INFO', ...attempt, role: 'map', index: 3, outcome: 'done' });
    line(2_000, 'map', { level: 'WARN', ...attempt, role: 'map', index: 4, outcome: 'REFOLD_USER_ERROR' });
    line(3_000, 'map', { level: 'INFO', message: 'at \u001b[2Jx', jobId, role: 'map', index: 3, from: 'task.log' });
    stack.lines.push({ atMs: 4_000, functionName: 'reduce', message: `${jobId} Task timed out after 900.00 seconds\n` });
    const show = async (filter: Parameters<typeof showLogs>[2], flags = {}) =>
      (await captured(() => showLogs(stack, givenFlags([jobId], flags), filter))).stdout;
    expect(await show({ task: undefined, errorsOnly: false })).toBe(
      [
        '00:00:01.000  map-3         attempt abcdefgh done in 1.50 s, 10 records, 2 MB',
        '00:00:02.000  map-4         attempt abcdefgh failed: REFOLD_USER_ERROR in 1.50 s, 10 records, 2 MB',
        '00:00:03.000  map-3         at \\x1b[2Jx',
        `00:00:04.000  reduce        ${jobId} Task timed out after 900.00 seconds`,
        '',
      ].join('\n'),
    );
    expect((await show({ task: undefined, errorsOnly: true })).match(/^\S+/gm)).toEqual(['00:00:02.000', '00:00:04.000']);
    expect((await show({ task: { role: 'map', index: 3, step: undefined }, errorsOnly: false })).match(/^\S+/gm)).toHaveLength(2);
    expect(await show({ task: undefined, errorsOnly: true }, { json: '' })).toContain('"outcome":"REFOLD_USER_ERROR"');
  });
});
