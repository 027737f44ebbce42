import { describe, expect, it } from 'vitest';
import type { WatchAnswer, WatchCall } from '../../lib/coordinator/machine-call.ts';
import { toTaskError } from '../../lib/coordinator/task-error.ts';
import { RefoldError } from '../../lib/errors.ts';
import { type JobFunctions, mapNext, reduceNext, runScripted } from './scripted-job.ts';

const LISTS = { maps: [[0, 1], [2]], reduces: [[0]] };
const WATCHED = { watch: 'watch' };

class OverBudget extends RefoldError {
  override readonly name = 'BudgetExceededError';
  readonly code = 'REFOLD_TEST_BUDGET';
  readonly retryable = false;
  readonly hint = '';
}

/** A job of one map and one reduce phase, both under watch. */
function watchedJob(script: Partial<JobFunctions>) {
  const job: Partial<JobFunctions> = {
    plan: () => ({ ...mapNext('maps'), watch: true }),
    check: ({ at }) => (at.next === 'map' ? { ...reduceNext('reduces'), watch: true } : { next: 'commit', step: 0, round: 2 }),
    commit: () => ({ next: 'done' }),
    markFailed: ({ failure }) => ({ error: failure.Error, cause: failure.Cause ?? '' }),
    watch: () => ({ next: 'wait', seconds: 5 }),
    ...script,
  };
  return runScripted(job, LISTS, WATCHED);
}

/** A task that never answers, until it is given up. */
function hang(_: unknown, signal: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

describe('a phase under watch', () => {
  it('runs its tasks as any, and ends the watch with the phase', async () => {
    const { outcome, calls } = await watchedJob({});
    expect(outcome).toMatchObject({ status: 'SUCCEEDED' });
    const names = calls.map(([name]) => name);
    expect(names.filter((name) => name === 'map')).toHaveLength(3);
    expect(names.filter((name) => name === 'watch')).toHaveLength(2); // Once a phase: none waits that long.
    expect(names.filter((name) => name === 'check')).toHaveLength(2);
  });

  it('gives check the phase alone: what the watch has said is gone', async () => {
    const seen: unknown[] = [];
    await watchedJob({
      check: (call) => {
        seen.push(call);
        return { next: 'commit', step: 0 };
      },
    });
    expect(seen).toEqual([{ jobId: 'j', run: 2, at: { ...mapNext('maps'), watch: true } }]);
  });

  it('asks the watch again after as long as it says, with what it said last', async () => {
    const asked: (WatchAnswer | undefined)[] = [];
    const { seconds } = await watchedJob({
      map: hang,
      watch: (call: WatchCall) => {
        asked.push(call.watch);
        return asked.length === 4 ? { next: 'phaseDone', seconds: 0 } : { next: 'wait', seconds: asked.length * 10 };
      },
      check: () => ({ next: 'commit', step: 0 }),
    });
    expect(asked.map((answer) => answer?.seconds)).toEqual([undefined, 10, 20, 30]);
    expect(seconds).toBe(60);
  });

  it('ends when the watch sees every task committed, though a sandbox hangs', async () => {
    const watch = ({ watch: last }: WatchCall): WatchAnswer => ({ next: last === undefined ? 'wait' : 'phaseDone', seconds: 5 });
    const { outcome, seconds } = await watchedJob({ map: hang, reduce: hang, watch });
    expect(outcome).toMatchObject({ status: 'SUCCEEDED' });
    expect(seconds).toBe(10);
  });

  it('fails over budget, with what the watch said, and starts no further task', async () => {
    let watches = 0;
    const { outcome, calls } = await watchedJob({
      map: hang,
      watch: () => {
        if (++watches < 3) return { next: 'wait', seconds: 5 };
        throw toTaskError(new OverBudget('it has cost $2'));
      },
      markFailed: ({ failure }) => ({ error: 'BudgetExceededError', cause: failure.Cause ?? '' }),
    });
    expect(outcome).toMatchObject({
      status: 'FAILED',
      error: 'BudgetExceededError',
      cause: expect.stringContaining('it has cost $2'),
    });
    expect(calls.filter(([name]) => name === 'map')).toHaveLength(2); // Two groups at a time, one task each.
    expect(calls.map(([name]) => name)).not.toContain('check');
  });

  it('fails with its own failure, by the name that MarkFailed looks behind', async () => {
    const seen: unknown[] = [];
    const { outcome } = await watchedJob({
      map: () => {
        throw Object.assign(new Error('bad record'), { name: 'PermanentError' });
      },
      markFailed: ({ at, failure }) => {
        seen.push([at.next, failure.Error]);
        return { error: failure.Error, cause: '' };
      },
    });
    expect(outcome).toMatchObject({ status: 'FAILED' });
    expect(seen).toEqual([['map', 'States.ExceedToleratedFailureThreshold']]);
  });

  it('is not entered without the word of the answer', async () => {
    const { outcome, calls } = await watchedJob({
      plan: () => mapNext('maps'),
      check: ({ at }) => (at.next === 'map' ? reduceNext('reduces') : { next: 'commit', step: 0 }),
    });
    expect(outcome).toMatchObject({ status: 'SUCCEEDED' });
    expect(calls.map(([name]) => name)).not.toContain('watch');
  });
});
