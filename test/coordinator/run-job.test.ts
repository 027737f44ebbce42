import { describe, expect, it } from 'vitest';
import type { FunctionName } from '../../lib/coordinator/build-state-machine.ts';
import { buildStateMachine } from '../../lib/coordinator/build-state-machine.ts';
import type { MapCall } from '../../lib/coordinator/machine-call.ts';
import type { Json } from '../../lib/coordinator/states.ts';
import { toTaskError } from '../../lib/coordinator/task-error.ts';
import { InputChangedError } from '../../lib/errors.ts';
import { runMachine } from '../../lib/local/interpreter/run-machine.ts';
import { jobFunctions, mapNext, reduceNext, runScripted, type ScriptedRun } from './scripted-job.ts';

const done = { status: 'SUCCEEDED', output: { jobId: 'j', run: 2, at: { next: 'done' } } };
const names = (run: ScriptedRun) => run.calls.map(([name]) => name);
const tasks = (run: ScriptedRun, name: FunctionName) =>
  run.calls.filter((call) => call[0] === name).map(([, payload]) => (payload as unknown as MapCall).task.index);
const throws =
  (name: string, message = 'm') =>
  () => {
    throw Object.assign(new Error(message), { name });
  };

describe('the state machine of a job', () => {
  it('goes through plan, map, plan-reduce, reduce and commit', async () => {
    const run = await runScripted(
      {
        plan: () => mapNext('maps'),
        check: ({ at }) => (at.next === 'map' ? { next: 'planReduce', step: 0 } : { next: 'commit', step: 0 }),
        planReduce: () => reduceNext('reduces'),
        commit: () => ({ next: 'done' }),
      },
      { maps: [[0, 1], [2]], reduces: [[0], [1]] },
    );
    expect(run.outcome).toEqual(done);
    expect(names(run).filter((name) => name !== 'map' && name !== 'reduce')).toEqual([
      'plan',
      'check',
      'planReduce',
      'check',
      'commit',
    ]);
    expect(tasks(run, 'map').toSorted()).toEqual([0, 1, 2]);
    expect(tasks(run, 'reduce').toSorted()).toEqual([0, 1]);
    expect(run.seconds).toBe(0);
  });

  it('tells each function the job, the run and where it stands', async () => {
    const run = await runScripted(
      {
        plan: () => mapNext('maps', 0, 5),
        check: () => ({ next: 'commit', step: 0 }),
        commit: () => ({ next: 'done' }),
      },
      { maps: [[7]] },
    );
    expect(run.calls).toEqual([
      ['plan', { jobId: 'j', run: 2, at: { next: 'plan', step: 0 } }],
      ['map', { jobId: 'j', run: 2, step: 0, task: { index: 7, row: { key: 'rows', byteStart: 7, byteEnd: 8 } } }],
      ['check', { jobId: 'j', run: 2, at: mapNext('maps', 0, 5) }],
      ['commit', { jobId: 'j', run: 2, at: { next: 'commit', step: 0 } }],
    ]);
  });

  it('runs a small job solo', async () => {
    const run = await runScripted({
      plan: () => ({ next: 'solo', step: 0 }),
      solo: () => {},
      check: ({ at }) => (at.next === 'solo' ? { next: 'commit', step: 0 } : mapNext('none')),
      commit: () => ({ next: 'done' }),
    });
    expect(run.outcome).toEqual(done);
    expect(names(run)).toEqual(['plan', 'solo', 'check', 'commit']);
  });

  it('plans map tasks when the sandbox of solo is lost, without another try', async () => {
    const run = await runScripted(
      {
        plan: ({ at }) => (at.next === 'solo' ? mapNext('maps') : { next: 'solo', step: 0 }),
        solo: throws('Runtime.OutOfMemory'),
        check: () => ({ next: 'commit', step: 0 }),
        commit: () => ({ next: 'done' }),
      },
      { maps: [[0]] },
    );
    expect(run.outcome).toEqual(done);
    expect(names(run)).toEqual(['plan', 'solo', 'plan', 'map', 'check', 'commit']);
  });

  it('comes back to plan with a sample', async () => {
    const run = await runScripted({
      plan: ({ at }) => (at.next === 'sample' ? { next: 'done' } : { next: 'sample', step: 0 }),
      sample: () => {},
    });
    expect(run.outcome).toEqual(done);
    expect(names(run)).toEqual(['plan', 'sample', 'plan']);
  });

  it('goes back from reduce to just the lost map tasks, plans the reduce anew and goes on', async () => {
    let rounds = 0;
    const run = await runScripted(
      {
        plan: () => mapNext('maps'),
        check({ at }) {
          if (at.next === 'map') return { next: 'planReduce', step: 0 };
          return rounds++ === 0 ? mapNext('lost', 0, 1) : { next: 'commit', step: 0 };
        },
        planReduce: () => reduceNext(rounds === 0 ? 'reduces' : 'left'),
        commit: () => ({ next: 'done' }),
      },
      { maps: [[0, 1, 2]], lost: [[1]], reduces: [[0], [1]], left: [[1]] },
    );
    expect(run.outcome).toEqual(done);
    expect(tasks(run, 'map')).toEqual([0, 1, 2, 1]);
    expect(tasks(run, 'reduce')).toEqual([0, 1, 1]);
    expect(names(run).slice(-5)).toEqual(['check', 'planReduce', 'reduce', 'check', 'commit']);
  });

  it('goes round in commit until it is done, and back to reduce for a lost part', async () => {
    const answers = [{ next: 'commit', step: 0 }, reduceNext('left'), { next: 'commit', step: 0 }, { next: 'done' }] as const;
    let commits = 0;
    const run = await runScripted(
      {
        plan: () => ({ next: 'commit', step: 0 }),
        check: () => ({ next: 'commit', step: 0 }),
        commit: () => answers[commits++]!,
      },
      { left: [[3]] },
    );
    expect(run.outcome).toEqual(done);
    expect(names(run)).toEqual(['plan', 'commit', 'commit', 'reduce', 'check', 'commit', 'commit']);
  });

  it('runs the steps of a chain one after the other, and commits the last', async () => {
    const run = await runScripted(
      {
        plan: ({ at }) => mapNext('maps', at.step),
        check({ at }) {
          if (at.next === 'map') return { next: 'planReduce', step: at.step };
          return at.step === 0 ? { next: 'plan', step: 1 } : { next: 'commit', step: 1 };
        },
        planReduce: ({ at }) => reduceNext('reduces', at.step),
        commit: () => ({ next: 'done' }),
      },
      { maps: [[0]], reduces: [[0]] },
    );
    expect(run.outcome).toEqual(done);
    const step = ['plan', 'map', 'check', 'planReduce', 'reduce', 'check'];
    expect(names(run)).toEqual([...step, ...step, 'commit']);
    expect(run.calls.filter(([name]) => name === 'map').map(([, payload]) => (payload as unknown as MapCall).step)).toEqual([
      0, 1,
    ]);
  });

  it('tries user errors as often as it may, then marks the job failed and ends with the cause that was recorded', async () => {
    const run = await runScripted(
      {
        plan: () => mapNext('maps'),
        map: throws('UserError'),
        markFailed({ failure, at }) {
          expect(at.next).toBe('map');
          expect(failure.Error).toBe('States.ExceedToleratedFailureThreshold');
          return { error: 'UserCodeError', cause: 'the recorded cause' };
        },
      },
      { maps: [[0]] },
      { maxAttempts: 3 },
    );
    expect(run.outcome).toEqual({ status: 'FAILED', error: 'UserCodeError', cause: 'the recorded cause' });
    expect(names(run)).toEqual(['plan', 'map', 'map', 'map', 'markFailed']);
  });

  it('fails at once with a permanent error, starts no further task and signals those that run', async () => {
    const signals: AbortSignal[] = [];
    const run = await runScripted(
      {
        plan: () => mapNext('maps'),
        async map({ task }, signal) {
          signals.push(signal);
          if (task.index === 1) throw toTaskError(new InputChangedError({ key: 'k', expected: '1', found: '2' }));
          await new Promise(() => {});
        },
        markFailed: ({ failure }) => ({ error: failure.Error, cause: '' }),
      },
      { maps: [[0], [1], [2], [3]] },
    );
    expect(tasks(run, 'map')).toEqual([0, 1]);
    expect(signals.every((signal) => signal.aborted)).toBe(true);
    expect(names(run).at(-1)).toBe('markFailed');
  });

  it('tries a transient error until it passes', async () => {
    let failures = 20;
    const plan = () => (failures-- > 0 ? throws('Lambda.ServiceException')() : { next: 'done' as const });
    const run = await runScripted({ plan });
    expect(run.outcome).toEqual(done);
    expect(names(run)).toHaveLength(21);
    expect(run.seconds).toBeGreaterThan(60);
  });

  it('waits for its turn as long as another job runs, and does not count that as other failures', async () => {
    let calls = 0;
    const names = { 101: 'Lambda.ServiceException', 102: 'UserError' } as const;
    const plan = () => {
      calls++;
      if (calls > 102) return { next: 'done' as const };
      return throws(names[calls as 101] ?? 'Lambda.TooManyRequestsException')();
    };
    const run = await runScripted({ plan });
    expect(run.outcome).toEqual(done);
    expect(run.seconds).toBeGreaterThan(3_600);
  });

  it('tries a lost sandbox again, with more memory where there is more', async () => {
    const plan = () => mapNext('maps');
    const check = () => ({ next: 'commit', step: 0 }) as const;
    const commit = () => ({ next: 'done' }) as const;
    const called: string[] = [];
    const scripts: Readonly<Record<string, () => Json>> = {
      plan,
      check,
      commit,
      big: () => ({}),
      map: throws('Sandbox.Timedout'),
    };
    const machine = buildStateMachine(jobFunctions, { rungs: { map: ['big'] } });
    const outcome = await runMachine(
      machine,
      { jobId: 'j', run: 2 },
      {
        async invoke(functionArn) {
          called.push(functionArn);
          return scripts[functionArn]!();
        },
        readJsonArray: () => [{ tasks: [{ index: 0 }] }],
        clock: { nowMs: () => 0, sleep: async () => {} },
        random: () => 0,
      },
    );
    expect(outcome).toEqual(done);
    expect(called).toEqual(['plan', 'map', 'big', 'check', 'commit']);
  });

  it('fails with what the machine saw when a deciding function fails', async () => {
    const error = toTaskError(new InputChangedError({ key: 'k', expected: '1', found: '2' }));
    const run = await runScripted({
      plan() {
        throw error;
      },
      markFailed: ({ failure }) => ({ error: failure.Error, cause: failure.Cause ?? '' }),
    });
    expect(run.outcome).toMatchObject({
      status: 'FAILED',
      error: 'PermanentError',
      cause: expect.stringContaining('REFOLD_INPUT_CHANGED'),
    });
    expect(names(run)).toEqual(['plan', 'markFailed']);
  });

  it('still fails, with the error it saw, when the failure cannot be recorded', async () => {
    const run = await runScripted({ plan: throws('PermanentError'), markFailed: throws('PermanentError') });
    expect(run.outcome).toMatchObject({ status: 'FAILED', error: 'PermanentError' });
  });

  it.each([{ next: 'elsewhere' }, {}, null, 'text'])('fails on the answer %j', async (answer) => {
    const run = await runScripted({
      plan: () => answer as never,
      markFailed: ({ failure }) => ({ error: failure.Error, cause: failure.Cause ?? '' }),
    });
    expect(run.outcome).toMatchObject({ status: 'FAILED', error: 'UnknownAnswer' });
  });

  it('runs 100,000 tasks in 2,500 groups in a moment, each exactly once', async () => {
    const lists = { maps: Array.from({ length: 2500 }, (_, group) => Array.from({ length: 40 }, (__, at) => group * 40 + at)) };
    const seen = new Uint8Array(100_000);
    const startMs = performance.now();
    const run = await runScripted(
      {
        plan: () => ({ ...mapNext('maps'), groupConcurrency: 25, taskConcurrency: 40 }),
        map({ task }) {
          seen[task.index]!++;
        },
        check: () => ({ next: 'commit', step: 0 }),
        commit: () => ({ next: 'done' }),
      },
      lists,
    );
    expect(run.outcome).toEqual(done);
    expect(seen.every((count) => count === 1)).toBe(true);
    expect(performance.now() - startMs).toBeLessThan(10_000); // 0.4 s alone; the bound is for a crowded machine.
  });
});
