import { describe, expect, it } from 'vitest';
import { buildStateMachine, type FunctionArns, type MachineOptions } from '../../lib/coordinator/build-state-machine.ts';
import { LOST_ERRORS, retryLadder } from '../../lib/coordinator/retry-policy.ts';
import { stateMachine } from '../../lib/coordinator/state-machine.ts';
import type { State, StateMachine, TaskState } from '../../lib/coordinator/states.ts';
import { checkMachine } from '../../lib/local/interpreter/machine-check.ts';

const functions: FunctionArns = {
  plan: 'arn:plan',
  solo: 'arn:solo',
  sample: 'arn:sample',
  map: 'arn:map',
  planReduce: 'arn:planReduce',
  reduce: 'arn:reduce',
  check: 'arn:check',
  commit: 'arn:commit',
  markFailed: 'arn:markFailed',
};
const rungs = { map: ['arn:map-4gb', 'arn:map-10gb'], reduce: ['arn:reduce-10gb'] };

type Walked = { readonly name: string; readonly state: State<string>; readonly inPhase: boolean };

/** Every state, those of item processors too. */
function walk(machine: StateMachine, inPhase = false): readonly Walked[] {
  return Object.entries(machine.States).flatMap(([name, state]): readonly Walked[] => [
    { name, state, inPhase },
    ...(state.Type === 'Map' ? walk(state.ItemProcessor, true) : []),
    ...(state.Type === 'Parallel' ? state.Branches.flatMap((branch) => walk(branch, inPhase)) : []),
  ]);
}

function tasksOf(options?: MachineOptions): readonly (Walked & { readonly state: TaskState<string> })[] {
  return walk(buildStateMachine(functions, options)).filter((each) => each.state.Type === 'Task') as never;
}

const functionOf = (state: TaskState<string>) => String(state.Parameters.FunctionName);

describe('buildStateMachine', () => {
  it.each([
    ['by default', {}],
    ['with larger functions', { rungs }],
    ['with a deadline', { taskTimeoutSeconds: 900, maxAttempts: 1 }],
    ['with all there is', { rungs, watch: 'arn:watch', taskTimeoutSeconds: 900 }],
  ])('is a machine that the interpreter takes, every state reachable, %s', (_, options) => {
    expect(() => checkMachine(buildStateMachine(functions, options))).not.toThrow();
  });

  it('is plain data: JSON gives the same machine back', () => {
    const machine = buildStateMachine(functions, { rungs });
    expect(JSON.parse(JSON.stringify(machine))).toEqual(machine);
  });

  it('calls every function, each of them in one state', () => {
    expect(tasksOf().map(({ state }) => functionOf(state))).toEqual(Object.values(functions).toSorted(byTaskOrder));
  });

  it('puts the whole retry ladder on every task, in its order', () => {
    for (const { name, state } of tasksOf({ maxAttempts: 3 })) {
      const lostAttempts = name === 'Solo' ? 1 : 3; // Solo goes on as map tasks instead.
      expect(state.Retry, name).toEqual(retryLadder({ maxAttempts: 3, lostAttempts }));
    }
  });

  it('leads every failure of a state to MarkFailed, and its own to the end', () => {
    const { MarkFailed, ...states } = buildStateMachine(functions, { watch: 'arn:watch' }).States;
    for (const [name, state] of Object.entries(states)) {
      if (state.Type !== 'Task' && state.Type !== 'Map' && state.Type !== 'Parallel') continue;
      expect(state.Catch?.at(-1), name).toEqual({ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'MarkFailed' });
    }
    expect(MarkFailed).toMatchObject({ Catch: [{ ErrorEquals: ['States.ALL'], Next: 'FailedUnmarked' }] });
  });

  it('lets a failed task fail its phase', () => {
    const inPhase = walk(buildStateMachine(functions)).filter((each) => each.inPhase);
    expect(inPhase).toHaveLength(4);
    for (const { name, state } of inPhase) expect(state, name).not.toHaveProperty('Catch');
  });

  it('tolerates no failure in a phase, and retries none but that of its reader', () => {
    for (const name of ['MapPhase', 'ReducePhase']) {
      const phase = buildStateMachine(functions).States[name];
      expect(phase).not.toHaveProperty('ToleratedFailureCount');
      expect(phase).toMatchObject({ Type: 'Map', ResultPath: null, Retry: [{ ErrorEquals: ['States.ItemReaderFailed'] }] });
    }
  });

  it('gives a child the literal {} as its output', () => {
    for (const { name, state } of walk(buildStateMachine(functions, { rungs })).filter((each) => each.inPhase)) {
      expect(state, name).toMatchObject({ ResultSelector: {}, End: true });
    }
  });

  it('sends a task whose sandbox was lost up the rungs, one try each, and tries the last one as often as any', () => {
    const tasks = tasksOf({ rungs }).filter((each) => each.inPhase);
    expect(
      tasks.map(({ name, state }) => [
        name,
        functionOf(state),
        state.Retry?.[2]?.MaxAttempts,
        state.Catch?.map((each) => each.Next),
      ]),
    ).toEqual([
      ['MapTask', 'arn:map', 0, ['MapTaskRung1']],
      ['MapTaskRung1', 'arn:map-4gb', 0, ['MapTaskRung2']],
      ['MapTaskRung2', 'arn:map-10gb', 3, undefined],
      ['ReduceTask', 'arn:reduce', 0, ['ReduceTaskRung1']],
      ['ReduceTaskRung1', 'arn:reduce-10gb', 3, undefined],
    ]);
    for (const { state } of tasks) if (state.Catch) expect(state.Catch[0]?.ErrorEquals).toEqual(LOST_ERRORS);
  });

  it('limits every task where a deadline is set, and none else', () => {
    expect(tasksOf({ taskTimeoutSeconds: 900 }).every(({ state }) => state.TimeoutSeconds === 900)).toBe(true);
    expect(tasksOf().every(({ state }) => !('TimeoutSeconds' in state))).toBe(true);
  });

  it('names every way a sandbox is lost in the retriers of every task, under watch too', () => {
    for (const { name, state } of tasksOf({ rungs, watch: 'arn:watch' })) {
      expect(state.Retry?.[2]?.ErrorEquals, name).toEqual([
        'SandboxLost',
        'Runtime.ExitError',
        'Runtime.OutOfMemory',
        'Sandbox.Timedout',
        'Lambda.Unknown',
        'States.Timeout',
      ]);
    }
  });

  it('knows no watch unless it is given one', () => {
    const names = walk(buildStateMachine(functions, { rungs })).map(({ name }) => name);
    expect(names.filter((name) => name.includes('Watch'))).toEqual([]);
    expect(walk(buildStateMachine(functions, { watch: 'arn:watch' })).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['WatchedMapPhase', 'WatchedReducePhase', 'MapUnderWatch', 'WatchMapUnderWatch', 'WatchedMapTask']),
    );
  });

  it('runs the very same phase under watch, but for the names of its states and where it leads', () => {
    const { States } = buildStateMachine(functions, { rungs, watch: 'arn:watch' });
    for (const name of ['Map', 'Reduce'] as const) {
      const watched = States[`Watched${name}Phase`] as Extract<State<string>, { Type: 'Parallel' }>;
      const { Catch, Next, ...plain } = States[`${name}Phase`] as Extract<State<string>, { Type: 'Map' }> & { Next: string };
      const { Next: __, ...inside } = watched.Branches[0]!.States[`${name}UnderWatch`] as typeof plain & { Next: string };
      const renamed = JSON.stringify(inside).replaceAll(`Watched${name}`, name);
      expect(JSON.parse(renamed)).toEqual(plain);
      expect(watched).toMatchObject({
        ResultPath: null,
        Next,
        Catch: [{ ErrorEquals: ['PhaseDone'], Next: 'CheckPhase' }, ...(Catch ?? [])],
      });
    }
  });

  it('fits into one state machine definition of AWS (1 MB)', () => {
    expect(JSON.stringify(buildStateMachine(functions, { rungs, watch: 'arn:watch' })).length).toBeLessThan(50_000);
  });
});

describe('stateMachine', () => {
  it('takes a Next that names a state, and no other', () => {
    stateMachine('A', { A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Succeed' } });
    // @ts-expect-error there is no state C
    stateMachine('A', { A: { Type: 'Pass', Next: 'C' }, B: { Type: 'Succeed' } });
    // @ts-expect-error there is no state C to start at
    stateMachine('C', { A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Succeed' } });
    const rule = { Variable: '$.n', IsNull: true, Next: 'B' } as const;
    stateMachine('A', {
      // @ts-expect-error there is no state C for what is left
      A: { Type: 'Choice', Choices: [rule], Default: 'C' },
      B: { Type: 'Succeed' },
    });
  });
});

/** In the order of the states of the machine. */
function byTaskOrder(a: string, b: string): number {
  const order = ['plan', 'solo', 'sample', 'map', 'reduce', 'check', 'planReduce', 'commit', 'markFailed'].map(
    (name) => `arn:${name}`,
  );
  return order.indexOf(a) - order.indexOf(b);
}
