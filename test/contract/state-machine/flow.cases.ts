import type { Json, State } from '../../../lib/coordinator/states.ts';
import { call, give, type MachineCase, machine, show, work } from './machine-case.ts';

const succeed: State<string> = { Type: 'Succeed' };
const echo = [{ echo: true as const }];
const wait = (seconds: number, next: string): State<string> => ({ Type: 'Wait', Seconds: seconds, Next: next });

/** Shows what a template makes of an input. */
function made(title: string, parameters: Readonly<Record<string, Json>>, input: Json, output: Json): MachineCase {
  return { title: `template: ${title}`, definition: machine({ Show: show(parameters) }), input, outcome: { output } };
}

export const parallelCases: readonly MachineCase[] = [
  {
    title: 'parallel: gives the results in branch order and the same input to each',
    definition: machine({
      Both: {
        Type: 'Parallel',
        Branches: [machine({ Pause: wait(1, 'Left'), Left: call('left') }), machine({ Right: call('right') })],
        End: true,
      },
    }),
    input: { n: 1 },
    functions: { left: [{ answer: 'l' }], right: [{ answer: 'r' }] },
    outcome: { output: ['l', 'r'] },
    calls: [
      { name: 'left', payload: { n: 1 } },
      { name: 'right', payload: { n: 1 } },
    ],
    anyOrder: true,
    seconds: 1,
  },
  {
    title: "parallel: ends with the first branch's failure, and stops the others",
    definition: machine({
      Race: {
        Type: 'Parallel',
        Branches: [
          machine({ Soon: wait(1, 'Won'), Won: { Type: 'Fail', Error: 'PhaseDone', Cause: 'it is over' } }),
          machine({ Later: wait(2, 'Work'), Work: work() }),
        ],
        Catch: [{ ErrorEquals: ['PhaseDone'], ResultPath: '$.race', Next: 'Linger' }],
        Next: 'Never',
      },
      Linger: wait(3, 'Show'),
      Show: show({ 'n.$': '$.n', 'error.$': '$.race.Error', 'cause.$': '$.race.Cause' }),
      Never: give('never'),
    }),
    input: { n: 1 },
    functions: { work: echo },
    outcome: { output: { n: 1, error: 'PhaseDone', cause: 'it is over' } },
    callCount: 0,
    seconds: 4,
  },
  {
    title: 'parallel: runs all branches anew when it is retried',
    definition: machine({
      Both: {
        Type: 'Parallel',
        Branches: [machine({ Left: call('left') }), machine({ Pause: wait(1, 'Right'), Right: call('right') })],
        Retry: [{ ErrorEquals: ['Broken'], IntervalSeconds: 1 }],
        ResultSelector: { 'first.$': '$[0]', 'second.$': '$[1]' },
        End: true,
      },
    }),
    functions: { left: [{ answer: 'l' }], right: [{ error: 'Broken' }, { answer: 'r' }] },
    outcome: { output: { first: 'l', second: 'r' } },
    callCount: 4,
    seconds: 3,
  },
  {
    title: 'parallel: results together over 256 KiB fail the execution, even if they would be dropped',
    definition: machine({
      Both: {
        Type: 'Parallel',
        Branches: [machine({ Left: call('left') }), machine({ Right: call('right') })],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }],
        ResultPath: null,
        Next: 'End',
      },
      Caught: give('caught'),
      End: succeed,
    }),
    functions: { left: [{ answerBytes: 150_000 }], right: [{ answerBytes: 150_000 }] },
    outcome: { error: 'States.DataLimitExceeded' },
  },
];

export const waitCases: readonly MachineCase[] = [
  {
    title: 'wait: passes its input on after Seconds',
    definition: machine({ Pause: wait(2, 'End'), End: succeed }),
    input: { n: 1 },
    outcome: { output: { n: 1 } },
    seconds: 2,
  },
  {
    title: 'wait: takes the seconds from its input',
    definition: machine({ Pause: { Type: 'Wait', SecondsPath: '$.pause.seconds', Next: 'End' }, End: succeed }),
    input: { pause: { seconds: 1 } },
    outcome: { output: { pause: { seconds: 1 } } },
    seconds: 1,
  },
  {
    title: 'wait: fails without the seconds that it should take',
    definition: machine({ Pause: { Type: 'Wait', SecondsPath: '$.pause', Next: 'End' }, End: succeed }),
    outcome: { error: 'States.Runtime' },
  },
];

export const endCases: readonly MachineCase[] = [
  {
    title: 'fail: ends with a literal error and cause',
    definition: machine({ Stop: { Type: 'Fail', Error: 'Stopped', Cause: 'because' } }),
    outcome: { error: 'Stopped', cause: 'because' },
  },
  {
    title: 'fail: ends with an error and cause by path',
    definition: machine({ Stop: { Type: 'Fail', ErrorPath: '$.e', CausePath: '$.c' } }),
    input: { e: 'Stopped', c: 'because' },
    outcome: { error: 'Stopped', cause: 'because' },
  },
  {
    title: 'succeed: filters its output',
    definition: machine({ End: { Type: 'Succeed', InputPath: '$.a', OutputPath: '$.b' } }),
    input: { a: { b: 7 } },
    outcome: { output: 7 },
  },
];

export const pathCases: readonly MachineCase[] = [
  {
    title: 'path: InputPath chooses what the function gets, ResultPath where its answer goes in the raw input',
    definition: machine({
      Work: work({ InputPath: '$.a', ResultSelector: { 'got.$': '$.Payload' }, ResultPath: '$.b', OutputPath: '$' }),
    }),
    input: { a: { n: 1 }, b: 'old' },
    functions: { work: [{ answer: 5 }] },
    outcome: { output: { a: { n: 1 }, b: { got: 5 } } },
    calls: [{ name: 'work', payload: { n: 1 } }],
  },
  {
    title: 'path: ResultPath makes the objects on its way',
    definition: machine({ Give: { Type: 'Pass', Result: 5, ResultPath: '$.a.b.c', End: true } }),
    input: { a: { x: 1 } },
    outcome: { output: { a: { x: 1, b: { c: 5 } } } },
  },
  {
    title: 'path: ResultPath null drops the result, OutputPath filters afterwards',
    definition: machine({ Give: { Type: 'Pass', Result: 5, ResultPath: null, OutputPath: '$.a', End: true } }),
    input: { a: 1, b: 2 },
    outcome: { output: 1 },
  },
  {
    title: 'path: InputPath null gives {}',
    definition: machine({ Work: work({ InputPath: null }) }),
    input: { n: 1 },
    functions: { work: echo },
    outcome: { output: {} },
    calls: [{ name: 'work', payload: {} }],
  },
  {
    title: 'path: OutputPath null gives {}',
    definition: machine({ Give: { Type: 'Pass', Result: 5, OutputPath: null, End: true } }),
    outcome: { output: {} },
  },
  {
    title: 'path: a function that answers nothing answers null',
    definition: machine({ Work: work() }),
    functions: { work: [{ answer: null }] },
    outcome: { output: null },
  },
  {
    title: 'path: an answer and the input that it joins are over 256 KiB together',
    definition: machine({
      First: work({ ResultSelector: { 'got.$': '$.Payload' }, ResultPath: '$.first', OutputPath: '$', Next: 'Second' }),
      Second: call('second', { ResultSelector: { 'got.$': '$.Payload' }, ResultPath: '$.second', OutputPath: '$' }),
    }),
    functions: { work: [{ answerBytes: 150_000 }], second: [{ answerBytes: 150_000 }] },
    outcome: { error: 'States.DataLimitExceeded' },
    callCount: 2,
  },
  {
    title: 'path: a Pass makes more than 256 KiB',
    definition: machine({
      First: work({ ResultSelector: { 'got.$': '$.Payload' }, OutputPath: '$', Next: 'Double' }),
      Double: show({ 'one.$': '$.got', 'two.$': '$.got' }),
    }),
    functions: { work: [{ answerBytes: 150_000 }] },
    outcome: { error: 'States.DataLimitExceeded' },
  },
];

export const templateCases: readonly MachineCase[] = [
  made(
    'keeps literals and replaces paths at any depth',
    { a: 1, 'b.$': '$.x', c: { 'd.$': '$.y[1].z', e: [{ 'f.$': '$.x' }, 'g'] } },
    { x: 'X', y: [0, { z: 'Z' }] },
    { a: 1, b: 'X', c: { d: 'Z', e: [{ f: 'X' }, 'g'] } },
  ),
  made('takes names in brackets', { 'a.$': "$['x y']['z.z']" }, { 'x y': { 'z.z': 1 } }, { a: 1 }),
  made('takes null as a value', { 'a.$': '$.x' }, { x: null }, { a: null }),
  made(
    "knows the execution's input",
    { 'n.$': '$$.Execution.Input.n', 'all.$': '$$.Execution.Input' },
    { n: 1 },
    { n: 1, all: { n: 1 } },
  ),
  made("knows the state's name", { 'name.$': '$$.State.Name' }, {}, { name: 'Show' }),
  made('formats', { 'a.$': "States.Format('{}-{} of {}', $.job, $.run, 'it\\'s')" }, { job: 'j', run: 3 }, { a: "j-3 of it's" }),
  made(
    'makes arrays',
    { 'a.$': "States.Array($.n, 'b', 3, null, true)" },
    { n: { m: 1 } },
    { a: [{ m: 1 }, 'b', 3, null, true] },
  ),
  made('counts arrays', { 'a.$': 'States.ArrayLength($.n)' }, { n: [1, 2, 3] }, { a: 3 }),
  made('adds', { 'a.$': 'States.MathAdd($.n, -1)' }, { n: 3 }, { a: 2 }),
  made('writes JSON', { 'a.$': 'States.JsonToString($.n)' }, { n: { m: [1] } }, { a: '{"m":[1]}' }),
  made('reads JSON', { 'a.$': 'States.StringToJson($.n)' }, { n: '{"m":[1]}' }, { a: { m: [1] } }),
  made(
    'nests functions',
    { 'a.$': 'States.ArrayLength(States.Array(States.MathAdd(1, 2), States.Format($.t)))' },
    { t: 'text' },
    { a: 2 },
  ),
  {
    title: 'template: a function that cannot do its work can be caught',
    definition: machine({
      Work: work({
        Parameters: { FunctionName: 'work', Payload: { 'a.$': 'States.StringToJson($.text)' } },
        Catch: [{ ErrorEquals: ['States.IntrinsicFailure'], Next: 'Show' }],
      }),
      Show: show({ 'error.$': '$.Error' }),
    }),
    input: { text: '{not json' },
    functions: { work: echo },
    outcome: { output: { error: 'States.IntrinsicFailure' } },
    callCount: 0,
  },
];
