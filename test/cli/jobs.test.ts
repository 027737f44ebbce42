import { appendFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Started, until, Workplace } from '../support/refold.ts';

/** Splits of two or three records, so that a stop falls between tasks. `slow` makes map wait. */
const JOB = `export default defineJob({
  params: { delayMs: 0 },
  async map(line, emit: Emit<string, number>, task) {
    task.log('at ' + line);
    if (task.params.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, task.params.delayMs));
    for (const word of line.split(' ')) emit(word, 1);
  },
  reduce: sum(),
});`;
const TEXT = Array.from({ length: 40 }, (_, at) => `w${at % 7} x\n`).join('');
const SPLITS = ['--solo-bytes', '0', '--split-bytes', '16'];

function workplace(): Workplace {
  const place = new Workplace();
  place.writeJob(JOB);
  place.write('in.txt', TEXT);
  return place;
}

function start(place: Workplace, output: string, ...flags: readonly string[]): Started {
  return place.start('run', 'job.ts', '--input', 'in.txt', '--output', output, ...SPLITS, ...flags);
}

async function whenItSays({ said, ended }: Started, pattern: RegExp): Promise<void> {
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  await until(() => isOver || pattern.test(said()));
  expect(said()).toMatch(pattern);
}

type Status = {
  readonly jobId: string;
  readonly state: string;
  readonly run: number;
  readonly steps: readonly { readonly map: { readonly tasks: number; readonly committed: number; readonly attempts: number } }[];
};

async function statusOf(place: Workplace, ...args: readonly string[]): Promise<Status> {
  const { stdout, stderr, exitCode } = await place.start('status', ...args, '--json').ended;
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout) as Status;
}

describe('refold run, stopped by a signal,', () => {
  it.each([
    { signal: 'SIGINT', exitCode: 130 },
    { signal: 'SIGTERM', exitCode: 143 },
  ] as const)(
    '$signal, says how to go on, and resume ends with the output of an undisturbed run',
    async ({ signal, exitCode }) => {
      const place = workplace();
      const undisturbed = await start(place, 'whole', '--quiet').ended;
      expect(undisturbed.exitCode, undisturbed.stderr).toBe(0);
      const running = start(place, 'out', '--workers', '2', '--param', 'delayMs=60');
      await whenItSays(running, /\[map [2-9]\]/);
      running.child.kill(signal);
      const ended = await running.ended;
      expect(ended).toMatchObject({ exitCode, signal: null, stdout: '' });
      const { jobId, state, steps } = await statusOf(place);
      expect(ended.stderr).toContain(`go on with the same command, or: refold resume ${jobId}`);
      expect(state).toBe('MAPPING');
      const committed = steps[0]!.map.committed;
      expect(committed).toBeGreaterThan(0);
      expect(place.output()).toBeUndefined();
      expect(place.processes()).toEqual([]);

      // The source changes, and goes: the job goes on with the code that it was started with.
      appendFileSync(place.path('job.ts'), 'throw new Error("another program");');
      const resumed = await place.start('resume', jobId.slice(0, -3), '--workers', '1').ended;
      expect(resumed.exitCode, resumed.stderr).toBe(0);
      expect(resumed.stderr).toContain(`done      ${jobId} in`);
      expect(resumed.stderr).toMatch(new RegExp(`^map {5}${committed}/13 tasks$`, 'm'));
      expect(place.lines()).toEqual(place.lines('whole'));
      expect(await place.start('resume').ended).toMatchObject({
        exitCode: 0,
        stderr: expect.stringContaining('was done before'),
      });
    },
  );
});

describe('refold cancel', () => {
  it('stops a job that another process runs, which ends with 3; and a second run says who runs it', async () => {
    const place = workplace();
    const running = start(place, 'out', '--workers', '2', '--param', 'delayMs=20000');
    await whenItSays(running, /\[map 0\] at w0 x/);
    const { jobId, ...status } = await statusOf(place);
    expect(status).toMatchObject({
      state: 'MAPPING',
      run: 1,
      generation: 0,
      steps: [{ map: { tasks: 13, committed: 0 } }],
      counters: {},
      receipt: null,
      error: null,
    });
    expect(Object.keys({ jobId, ...status })).toEqual([
      'jobId',
      'state',
      'run',
      'generation',
      'steps',
      'counters',
      'receipt',
      'error',
    ]);
    const [second, listed, shown] = await Promise.all([
      start(place, 'out', '--param', 'delayMs=20000').ended,
      place.start('ls').ended,
      place.start('status', jobId).ended,
    ]);
    expect(second).toMatchObject({ exitCode: 2, stdout: '' });
    expect(second.stderr).toContain(`${jobId} is run by process ${running.child.pid}`);
    expect(listed.stdout).toMatch(new RegExp(`^${jobId} +MAPPING \\(process ${running.child.pid}\\) +1 `, 'm'));
    expect(shown.stdout).toContain(`MAPPING, run 1, run by process ${running.child.pid}`);

    expect(await place.start('cancel', jobId).ended).toMatchObject({ exitCode: 0, stderr: `${jobId} is cancelled.\n` });
    const ended = await running.ended;
    expect(ended).toMatchObject({ exitCode: 3, signal: null, stdout: '' });
    expect(ended.stderr).toContain(`error REFOLD_CANCELLED  the job was cancelled: ${jobId}`);
    expect((await statusOf(place)).state).toBe('CANCELLED');
    expect(place.output()).toBeUndefined();
    expect(place.processes()).toEqual([]);
    expect(await place.start('cancel').ended).toMatchObject({ exitCode: 0, stderr: `${jobId} is cancelled.\n` });
  });
});

describe('refold plan', () => {
  it('shows what run would do, and does not do it', async () => {
    const place = workplace();
    const args = ['job.ts', '--input', 'in.txt', '--output', 'out', ...SPLITS] as const;
    const { stdout, stderr, exitCode } = await place.start('plan', ...args, '--json').ended;
    expect(exitCode, stderr).toBe(0);
    const plan = JSON.parse(stdout) as Record<string, unknown>;
    expect(plan).toMatchObject({
      state: null,
      output: place.path('out'),
      inputs: [{ name: '', location: 'in.txt', objects: 1, bytes: TEXT.length }],
      steps: [{ runs: 'phases', splits: 13, splitBytes: { smallest: 15, largest: 16 }, partitions: 1, mapOnly: false }],
      params: { delayMs: 0 },
      workers: expect.anything(),
    });
    expect(plan.options).toMatchObject({
      splitBytes: { value: 16, source: 'command line' },
      maxAttempts: { value: 4, source: 'default' },
    });
    expect(place.output()).toBeUndefined();
    expect(await place.start('ls', '--json').ended).toMatchObject({ exitCode: 0, stdout: '[]\n' });
    const ran = await start(place, 'out', '--json').ended;
    expect(JSON.parse(ran.stdout)).toMatchObject({ jobId: plan.jobId, steps: [{ map: { tasks: 13, committed: 13 } }] });
    const after = await place.start('plan', ...args).ended;
    expect(after.stdout).toContain(`job       ${plan.jobId}, DONE`);
    expect(after.stdout).toContain('step      map, shuffle, reduce; 13 splits of 15 B to 16 B, 1 partition');
    expect(after.stdout).toContain('option    --split-bytes 16 B (command line)');
  });
});

describe('refold cat', () => {
  it('writes the parts of a job or a folder one after another, and refuses what is not whole', async () => {
    const place = workplace();
    const { exitCode, stderr } = await start(place, 'out', '--reduce-tasks', '3', '--quiet').ended;
    expect(exitCode, stderr).toBe(0);
    expect(place.output()).toHaveLength(4);
    const whole = place
      .lines()
      .map((line) => `${line}\n`)
      .join('');
    const [byFolder, newest] = await Promise.all([place.start('cat', 'out').ended, place.start('cat').ended]);
    expect(byFolder).toEqual({ exitCode: 0, signal: null, stdout: whole, stderr: '' });
    expect(newest).toEqual(byFolder);
    // What was only needed on the way is gone: the work area does not grow by every input.
    const kept = place.start('ls', '--json');
    const [{ jobId }] = JSON.parse((await kept.ended).stdout) as [{ jobId: string }];
    expect(place.output(`.refold/jobs/${jobId}/0`)).toEqual(['plan.json', 'reduce', 'reduce-groups.jsonl']);
    place.write('half/part-00000.tsv', 'x\t1\n');
    const [half, unknown] = await Promise.all([place.start('cat', 'half').ended, place.start('cat', 'jbo-123').ended]);
    expect(half).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('half holds no finished output') });
    place.write('half/_SUCCESS', ''); // As Hadoop and Spark leave it.
    expect(await place.start('cat', 'half').ended).toEqual({ ...half, signal: null });
    expect(unknown).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringContaining('jbo-123 is no job of this folder'),
    });
  });
});

describe('refold status', () => {
  it('says of a small job that it ran whole, as one task', async () => {
    const place = workplace();
    const { exitCode, stderr } = await place.start('run', 'job.ts', '--input', 'in.txt', '--output', 'out', '--quiet').ended;
    expect(exitCode, stderr).toBe(0);
    const [shown, asJson] = await Promise.all([place.start('status').ended, place.start('status', '--json').ended]);
    expect(shown.stdout).toMatch(/^whole {5}1 of 1 task committed, 1 attempt$/m);
    expect(shown.stdout).not.toMatch(/^(?:map|reduce) /m);
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      steps: [{ solo: true, map: { tasks: 0, committed: 0 }, reduce: { tasks: 1, committed: 1, attempts: 1 } }],
    });
  });

  it('says that there are no jobs, and makes no work area to say so', async () => {
    const place = new Workplace();
    const [status, ls] = await Promise.all([place.start('status').ended, place.start('ls').ended]);
    expect(status).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('There are no jobs in') });
    expect(ls).toMatchObject({ exitCode: 0, stdout: '' });
    expect(place.names()).toEqual([]);
  });
});
