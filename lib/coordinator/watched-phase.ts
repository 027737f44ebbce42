import type { MachineOptions } from './build-state-machine.ts';
import { invocation, type PhaseState } from './phase-state.ts';
import { retryLadder } from './retry-policy.ts';
import { stateMachine } from './state-machine.ts';
import type { Catcher, ParallelState, StateMachine } from './states.ts';

/** How a branch says that the phase has ended; caught by the Parallel around it, which stops the other branch. */
const PHASE_DONE = 'PhaseDone';

/**
 * A phase beside a loop that watches it. Whichever of them first sees the phase's end ends both, so that a sandbox that hangs never holds
 * a job; the watch may also fail the phase. Both branches end in Fail: the Parallel has no result that could grow.
 * @param name of the phase's own state; the names of all states in here begin or end with it
 */
export function watchedPhase(
  name: string,
  phase: PhaseState,
  watchArn: string,
  options: MachineOptions,
  toMarkFailed: readonly Catcher<'MarkFailed'>[],
): ParallelState<'CheckPhase' | 'MarkFailed'> {
  return {
    Type: 'Parallel',
    Branches: [
      stateMachine<string>(name, {
        [name]: { ...phase, Next: `${name}Done` },
        [`${name}Done`]: { Type: 'Fail', Error: PHASE_DONE },
      }),
      watchLoop(name, watchArn, options),
    ],
    Catch: [{ ErrorEquals: [PHASE_DONE], ResultPath: null, Next: 'CheckPhase' }, ...toMarkFailed],
    ResultPath: null,
    Next: 'CheckPhase',
  };
}

/** Asks at once, then after as many seconds as each answer says. The last answer travels in `$.watch`. */
function watchLoop(name: string, watchArn: string, options: MachineOptions): StateMachine {
  const { maxAttempts = 4 } = options;
  const ask = `Watch${name}`;
  const decide = `Watched${name}Goes`;
  const wait = `WaitFor${name}`;
  return stateMachine<string>(ask, {
    [ask]: {
      ...invocation(watchArn, options),
      Retry: retryLadder({ maxAttempts, lostAttempts: maxAttempts }),
      ResultSelector: { 'next.$': '$.Payload.next', 'seconds.$': '$.Payload.seconds' },
      ResultPath: '$.watch',
      Next: decide,
    },
    [decide]: {
      Type: 'Choice',
      Choices: [{ Variable: '$.watch.next', StringEquals: 'phaseDone', Next: `${name}SeenDone` }],
      Default: wait,
    },
    [wait]: { Type: 'Wait', SecondsPath: '$.watch.seconds', Next: ask },
    [`${name}SeenDone`]: { Type: 'Fail', Error: PHASE_DONE },
  });
}
