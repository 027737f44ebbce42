import { call, give, type MachineCase, machine, show, work } from './machine-case.ts';

const showError = show({ 'error.$': '$.Error' });

export const catchCases: readonly MachineCase[] = [
  {
    title: 'goes where the first catcher that lists the error says',
    definition: machine({
      Work: work({
        Catch: [
          { ErrorEquals: ['A'], Next: 'First' },
          { ErrorEquals: ['B', 'C'], Next: 'Second' },
          { ErrorEquals: ['States.ALL'], Next: 'Third' },
        ],
      }),
      First: give('first'),
      Second: give('second'),
      Third: give('third'),
    }),
    functions: { work: [{ error: 'C' }] },
    outcome: { output: 'second' },
  },
  {
    title: 'fails with an error that no catcher lists',
    definition: machine({ Work: work({ Catch: [{ ErrorEquals: ['A'], Next: 'Caught' }] }), Caught: give('caught') }),
    functions: { work: [{ error: 'B', message: 'why' }] },
    outcome: { error: 'B', cause: 'why' },
  },
  {
    title: "puts the error in place of the state's input without ResultPath",
    definition: machine({
      Work: work({ Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Has' }] }),
      Has: {
        Type: 'Choice',
        Choices: [{ Variable: '$.n', IsPresent: false, Next: 'Show' }],
        Default: 'Kept',
      },
      Show: showError,
      Kept: give('kept'),
    }),
    input: { n: 1 },
    functions: { work: [{ error: 'A' }] },
    outcome: { output: { error: 'A' } },
  },
  {
    title: "puts the error into the state's input by ResultPath",
    definition: machine({
      Work: work({ Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure.what', Next: 'Show' }] }),
      Show: show({ 'n.$': '$.n', 'error.$': '$.failure.what.Error' }),
    }),
    input: { n: 1 },
    functions: { work: [{ error: 'A' }] },
    outcome: { output: { n: 1, error: 'A' } },
  },
  {
    title: "keeps the state's input with ResultPath null",
    definition: machine({
      Work: work({ InputPath: '$.inner', Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: null, Next: 'Again' }] }),
      Again: call('again'),
    }),
    input: { inner: { n: 1 } },
    functions: { work: [{ error: 'A' }], again: [{ echo: true }] },
    outcome: { output: { inner: { n: 1 } } },
    calls: [
      { name: 'work', payload: { n: 1 } },
      { name: 'again', payload: { inner: { n: 1 } } },
    ],
  },
  {
    title: 'retries first and catches what is left',
    definition: machine({
      Work: work({
        Retry: [{ ErrorEquals: ['A'], IntervalSeconds: 1, MaxAttempts: 1 }],
        Catch: [{ ErrorEquals: ['A'], Next: 'Show' }],
      }),
      Show: showError,
    }),
    functions: { work: [{ error: 'A' }] },
    outcome: { output: { error: 'A' } },
    callCount: 2,
  },
  {
    title: 'catches a timeout by its name',
    definition: machine({
      Work: work({ TimeoutSeconds: 1, Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'Show' }] }),
      Show: showError,
    }),
    functions: { work: [{ afterSeconds: 3 }] },
    outcome: { output: { error: 'States.Timeout' } },
    seconds: 1,
  },
  {
    title: 'catches no path that leads nowhere',
    definition: machine({
      Work: work({
        Parameters: { FunctionName: 'work', Payload: { 'n.$': '$.missing' } },
        Retry: [{ ErrorEquals: ['States.ALL'] }],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }],
      }),
      Caught: give('caught'),
    }),
    functions: { work: [] },
    outcome: { error: 'States.Runtime' },
    callCount: 0,
  },
  {
    title: 'catches no answer over 256 KiB, even if it would be dropped',
    definition: machine({
      Work: work({
        ResultPath: null,
        OutputPath: '$',
        Retry: [{ ErrorEquals: ['States.ALL'] }],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }],
        Next: 'Done',
      }),
      Done: give('done'),
      Caught: give('caught'),
    }),
    functions: { work: [{ answerBytes: 263_000 }] },
    outcome: { error: 'States.DataLimitExceeded' },
    callCount: 1,
  },
  {
    title: 'takes an answer of nearly 256 KiB',
    definition: machine({ Work: work({ ResultPath: null, OutputPath: '$' }) }),
    input: { n: 1 },
    functions: { work: [{ answerBytes: 255_000 }] },
    outcome: { output: { n: 1 } },
  },
];
