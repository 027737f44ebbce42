import type { Retrier } from '../../../lib/coordinator/states.ts';
import { give, type MachineCase, machine, work } from './machine-case.ts';

const ok = { answer: 'ok' };
const retry = (...retriers: readonly Retrier[]) => machine({ Work: work({ Retry: retriers }) });
const failing = (error: string) => ({ work: [{ error }] });

export const retryCases: readonly MachineCase[] = [
  {
    title: 'tries again after an error that a retrier lists',
    definition: retry({ ErrorEquals: ['A', 'B'], IntervalSeconds: 1 }),
    functions: { work: [{ error: 'B' }, ok] },
    outcome: { output: 'ok' },
    callCount: 2,
    seconds: 1,
  },
  {
    title: 'sends the same payload with every attempt',
    definition: retry({ ErrorEquals: ['A'], IntervalSeconds: 1, BackoffRate: 1 }),
    input: { n: 7 },
    functions: { work: [{ error: 'A' }, { error: 'A' }, ok] },
    outcome: { output: 'ok' },
    calls: [1, 2, 3].map(() => ({ name: 'work', payload: { n: 7 } })),
  },
  {
    title: 'does not try again after an error that no retrier lists',
    definition: retry({ ErrorEquals: ['A'] }),
    functions: failing('B'),
    outcome: { error: 'B' },
    callCount: 1,
    seconds: 0,
  },
  {
    title: 'retries three times, after 1, 2 and 4 seconds, where the retrier says no more',
    definition: retry({ ErrorEquals: ['A'] }),
    functions: failing('A'),
    outcome: { error: 'A' },
    callCount: 4,
    seconds: 7,
  },
  {
    title: 'ends with the last error once MaxAttempts retries are used up',
    definition: retry({ ErrorEquals: ['A'], IntervalSeconds: 1, MaxAttempts: 2, BackoffRate: 1 }),
    functions: { work: [{ error: 'A', message: 'first' }, { error: 'A' }, { error: 'A', message: 'last' }] },
    outcome: { error: 'A', cause: 'last' },
    callCount: 3,
    seconds: 2,
  },
  {
    title: 'never tries again with MaxAttempts 0, whatever later retriers say',
    definition: retry({ ErrorEquals: ['A'], MaxAttempts: 0 }, { ErrorEquals: ['States.ALL'], IntervalSeconds: 1 }),
    functions: failing('A'),
    outcome: { error: 'A' },
    callCount: 1,
  },
  {
    title: 'asks the first retrier that lists the error alone, also when its retries are used up',
    definition: retry(
      { ErrorEquals: ['A'], IntervalSeconds: 1, MaxAttempts: 1 },
      { ErrorEquals: ['A', 'B'], IntervalSeconds: 1, MaxAttempts: 5 },
    ),
    functions: failing('A'),
    outcome: { error: 'A' },
    callCount: 2,
    seconds: 1,
  },
  {
    title: "counts each retrier's retries and waits by itself",
    definition: machine({
      Work: work({
        Retry: [
          { ErrorEquals: ['A', 'B'], IntervalSeconds: 1, BackoffRate: 2, MaxAttempts: 2 },
          { ErrorEquals: ['C'], IntervalSeconds: 3 },
        ],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }],
      }),
      Caught: give('caught'),
    }),
    functions: { work: [{ error: 'A' }, { error: 'B' }, { error: 'C' }, { error: 'B' }] },
    outcome: { output: 'caught' },
    callCount: 4,
    seconds: 1 + 2 + 3,
  },
  {
    title: 'caps a growing wait at MaxDelaySeconds',
    definition: retry({ ErrorEquals: ['A'], IntervalSeconds: 1, BackoffRate: 2, MaxDelaySeconds: 3, MaxAttempts: 4 }),
    functions: failing('A'),
    outcome: { error: 'A' },
    callCount: 5,
    seconds: 1 + 2 + 3 + 3,
  },
  {
    title: 'keeps every wait with full jitter between nothing and the wait without',
    definition: retry({
      ErrorEquals: ['A'],
      IntervalSeconds: 1,
      BackoffRate: 2,
      MaxDelaySeconds: 3,
      MaxAttempts: 4,
      JitterStrategy: 'FULL',
    }),
    functions: failing('A'),
    outcome: { error: 'A' },
    callCount: 5,
    seconds: [0, 1 + 2 + 3 + 3],
  },
  {
    title: 'waits the whole time with jitter NONE',
    definition: retry({ ErrorEquals: ['A'], IntervalSeconds: 2, MaxAttempts: 1, JitterStrategy: 'NONE' }),
    functions: failing('A'),
    outcome: { error: 'A' },
    seconds: 2,
  },
  {
    title: 'takes any error for States.ALL, also a timeout',
    definition: machine({
      Work: work({ TimeoutSeconds: 1, Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 1, BackoffRate: 1 }] }),
    }),
    functions: { work: [{ error: 'Whatever' }, { afterSeconds: 3 }, ok] },
    outcome: { output: 'ok' },
    callCount: 3,
    seconds: 3,
  },
  {
    title: "takes a function's error for States.TaskFailed",
    definition: retry({ ErrorEquals: ['States.TaskFailed'], IntervalSeconds: 1 }),
    functions: { work: [{ error: 'Whatever' }, ok] },
    outcome: { output: 'ok' },
    callCount: 2,
  },
  {
    title: 'does not take a timeout for States.TaskFailed',
    definition: machine({ Work: work({ TimeoutSeconds: 1, Retry: [{ ErrorEquals: ['States.TaskFailed'] }] }) }),
    functions: { work: [{ afterSeconds: 3 }] },
    outcome: { error: 'States.Timeout' },
    callCount: 1,
    seconds: 1,
  },
  {
    title: 'tells the attempt its number of retries, over all retriers',
    definition: machine({
      Work: work({
        Parameters: { FunctionName: 'work', Payload: { 'retries.$': '$$.State.RetryCount' } },
        Retry: [
          { ErrorEquals: ['A'], IntervalSeconds: 1 },
          { ErrorEquals: ['B'], IntervalSeconds: 1 },
        ],
      }),
    }),
    functions: { work: [{ error: 'A' }, { error: 'B' }, ok] },
    outcome: { output: 'ok' },
    calls: [0, 1, 2].map((retries) => ({ name: 'work', payload: { retries } })),
  },
  {
    title: 'gives an attempt the whole TimeoutSeconds anew',
    definition: machine({
      Work: work({ TimeoutSeconds: 2, Retry: [{ ErrorEquals: ['States.Timeout'], IntervalSeconds: 1, MaxAttempts: 2 }] }),
    }),
    functions: { work: [{ afterSeconds: 4 }, { afterSeconds: 1, answer: 'ok' }] },
    outcome: { output: 'ok' },
    callCount: 2,
    seconds: 2 + 1 + 1,
  },
];
