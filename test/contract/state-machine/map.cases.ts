import type { Json, MapState, State } from '../../../lib/coordinator/states.ts';
import { call, give, type MachineCase, machine, show, work } from './machine-case.ts';

type MapFields = Omit<Partial<MapState<string>>, 'ItemProcessor' | 'Next' | 'End'> & { readonly Next?: string };
type Processor = Readonly<Record<string, State<string>>>;

function inline(fields: MapFields, processor: Processor = { Work: work() }): State<string> {
  return map({ ProcessorConfig: { Mode: 'INLINE' }, ...machine(processor) }, fields);
}

/** Over the array object `list.json`. */
function distributed(fields: MapFields, processor: Processor = { Work: work() }): State<string> {
  return map(
    { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' }, ...machine(processor) },
    {
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        ReaderConfig: { InputType: 'JSON' },
        Parameters: { Bucket: 'items', Key: 'list.json' },
      },
      ...fields,
    },
  );
}

function map(itemProcessor: MapState<string>['ItemProcessor'], fields: MapFields): State<string> {
  const end = fields.Next === undefined ? { End: true } : {};
  return { Type: 'Map', ItemProcessor: itemProcessor, ...end, ...fields } as State<string>;
}

const items = (...ids: readonly number[]): Json => ids.map((id) => ({ id }));
const calls = (...ids: readonly number[]) => ids.map((id) => ({ name: 'work', payload: { id } }));
const echo = [{ echo: true as const }];
const slow = [{ afterSeconds: 1, echo: true as const }];
const showError = show({ 'error.$': '$.Error' });
const catchAll = [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }];

export const inlineMapCases: readonly MachineCase[] = [
  {
    title: 'inline map: gives results in item order, whichever ends first',
    definition: machine({ Each: inline({}) }),
    input: items(1, 2, 3),
    functions: {
      work: {
        by: 'id',
        scripts: { 1: [{ afterSeconds: 2, answer: 'a' }], 2: [{ afterSeconds: 1, answer: 'b' }], 3: [{ answer: 'c' }] },
      },
    },
    outcome: { output: ['a', 'b', 'c'] },
    calls: calls(1, 2, 3),
    anyOrder: true,
    seconds: 2,
  },
  {
    title: 'inline map: gives [] for no items',
    definition: machine({ Each: inline({}) }),
    input: [],
    functions: { work: echo },
    outcome: { output: [] },
    callCount: 0,
  },
  {
    title: 'inline map: never runs more items than MaxConcurrency at once',
    definition: machine({ Each: inline({ MaxConcurrency: 2 }) }),
    input: items(1, 2, 3, 4, 5),
    functions: { work: slow },
    outcome: { output: items(1, 2, 3, 4, 5) },
    seconds: 3,
    peak: 2,
  },
  {
    title: 'inline map: runs items at once without MaxConcurrency',
    definition: machine({ Each: inline({}) }),
    input: items(1, 2, 3, 4, 5),
    functions: { work: slow },
    outcome: { output: items(1, 2, 3, 4, 5) },
    seconds: 1,
    peak: 5,
  },
  {
    title: 'inline map: takes MaxConcurrency from its input',
    definition: machine({ Each: inline({ ItemsPath: '$.items', MaxConcurrencyPath: '$.atOnce' }) }),
    input: { items: items(1, 2, 3, 4), atOnce: 1 },
    functions: { work: slow },
    outcome: { output: items(1, 2, 3, 4) },
    calls: calls(1, 2, 3, 4),
    seconds: 4,
    peak: 1,
  },
  {
    title: 'inline map: selects from the item, its index and the input',
    definition: machine({
      Each: inline({
        ItemsPath: '$.items',
        ItemSelector: {
          'job.$': '$.job',
          'at.$': '$$.Map.Item.Index',
          'value.$': '$$.Map.Item.Value',
          'name.$': '$$.Map.Item.Value.name',
        },
      }),
    }),
    input: { job: 'j', items: [{ name: 'x' }, { name: 'y' }] },
    functions: { work: echo },
    outcome: {
      output: [
        { job: 'j', at: 0, value: { name: 'x' }, name: 'x' },
        { job: 'j', at: 1, value: { name: 'y' }, name: 'y' },
      ],
    },
  },
  {
    title: 'inline map: inner states still see the item',
    definition: machine({
      Each: inline(
        {},
        { First: give({}, 'Second'), Second: show({ 'index.$': '$$.Map.Item.Index', 'id.$': '$$.Map.Item.Value.id' }) },
      ),
    }),
    input: items(7, 8),
    outcome: {
      output: [
        { index: 0, id: 7 },
        { index: 1, id: 8 },
      ],
    },
  },
  {
    title: 'inline map: a map in a map sees its own items',
    definition: machine({
      Outer: inline({}, { Inner: inline({}, { Show: show({ 'index.$': '$$.Map.Item.Index', 'value.$': '$' }) }) }),
    }),
    input: [['a', 'b'], ['c']],
    outcome: {
      output: [
        [
          { index: 0, value: 'a' },
          { index: 1, value: 'b' },
        ],
        [{ index: 0, value: 'c' }],
      ],
    },
  },
  {
    title: "inline map: fails with the item's error, and starts no further item",
    definition: machine({ Each: inline({ MaxConcurrency: 1 }) }),
    input: items(1, 2, 3),
    functions: { work: { by: 'id', scripts: { 1: echo, 2: [{ error: 'Broken', message: 'why' }], 3: echo } } },
    outcome: { error: 'Broken', cause: 'why' },
    calls: calls(1, 2),
  },
  {
    title: 'inline map: fails at once, while other items still run',
    definition: machine({ Each: inline({ Catch: catchAll, Next: 'End' }), End: { Type: 'Succeed' }, Caught: showError }),
    input: items(1, 2),
    functions: { work: { by: 'id', scripts: { 1: [{ afterSeconds: 5 }], 2: [{ afterSeconds: 1, error: 'Broken' }] } } },
    outcome: { output: { error: 'Broken' } },
    seconds: 1,
  },
  {
    title: 'inline map: its items stop between states when one fails',
    definition: machine({
      Each: inline(
        { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Linger' }], Next: 'End' },
        {
          Which: { Type: 'Choice', Choices: [{ Variable: '$.id', NumericEquals: 1, Next: 'Pause' }], Default: 'Break' },
          Pause: { Type: 'Wait', Seconds: 2, Next: 'Work' },
          Work: work(),
          Break: { Type: 'Fail', Error: 'Broken', Cause: 'why' },
        },
      ),
      Linger: { Type: 'Wait', Seconds: 4, Next: 'Caught' },
      Caught: showError,
      End: { Type: 'Succeed' },
    }),
    input: items(1, 2),
    functions: { work: echo },
    outcome: { output: { error: 'Broken' } },
    callCount: 0,
  },
  {
    title: 'inline map: an item whose function still answers after the failure goes no further',
    definition: machine({
      Each: inline(
        { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Linger' }], Next: 'End' },
        { Work: work({ Next: 'After' }), After: call('after') },
      ),
      Linger: { Type: 'Wait', Seconds: 4, Next: 'Caught' },
      Caught: showError,
      End: { Type: 'Succeed' },
    }),
    input: items(1, 2),
    functions: {
      work: { by: 'id', scripts: { 1: [{ afterSeconds: 2 }], 2: [{ afterSeconds: 1, error: 'Broken' }] } },
      after: echo,
    },
    outcome: { output: { error: 'Broken' } },
    calls: calls(1, 2),
    anyOrder: true,
    seconds: 5,
  },
  {
    title: 'inline map: runs every item anew when it is retried as a whole',
    definition: machine({ Each: inline({ MaxConcurrency: 1, Retry: [{ ErrorEquals: ['Broken'], IntervalSeconds: 1 }] }) }),
    input: items(1, 2),
    functions: { work: { by: 'id', scripts: { 1: echo, 2: [{ error: 'Broken' }, { echo: true }] } } },
    outcome: { output: items(1, 2) },
    calls: calls(1, 2, 1, 2),
  },
  {
    title: 'inline map: what an item catches does not fail the map',
    definition: machine({ Each: inline({}, { Work: work({ Catch: catchAll }), Caught: showError }) }),
    input: items(1, 2),
    functions: { work: { by: 'id', scripts: { 1: echo, 2: [{ error: 'Broken' }] } } },
    outcome: { output: [{ id: 1 }, { error: 'Broken' }] },
  },
  {
    title: 'inline map: a choice without a match inside can be caught outside',
    definition: machine({
      Each: inline(
        { Catch: [{ ErrorEquals: ['States.NoChoiceMatched'], Next: 'Caught' }], Next: 'End' },
        {
          Choose: { Type: 'Choice', Choices: [{ Variable: '$.id', NumericEquals: 0, Next: 'Never' }] },
          Never: { Type: 'Succeed' },
        },
      ),
      Caught: showError,
      End: { Type: 'Succeed' },
    }),
    input: items(1),
    outcome: { output: { error: 'States.NoChoiceMatched' } },
  },
  {
    title: 'inline map: fails when its items are no array',
    definition: machine({ Each: inline({ ItemsPath: '$.items' }) }),
    input: { items: 'three' },
    functions: { work: echo },
    outcome: { error: 'States.Runtime' },
    callCount: 0,
  },
  {
    title: 'inline map: results together over 256 KiB fail the execution, even if they would be dropped',
    definition: machine({
      Each: inline({ ResultPath: null, Catch: catchAll, Next: 'End' }),
      Caught: showError,
      End: { Type: 'Succeed' },
    }),
    input: items(1, 2, 3),
    functions: { work: [{ answerBytes: 100_000 }] },
    outcome: { error: 'States.DataLimitExceeded' },
  },
];

export const distributedMapCases: readonly MachineCase[] = [
  {
    title: 'distributed map: gives results in the order of the array object',
    definition: machine({ Each: distributed({}) }),
    objects: { 'list.json': items(1, 2, 3) },
    functions: {
      work: {
        by: 'id',
        scripts: { 1: [{ afterSeconds: 2, answer: 'a' }], 2: [{ answer: 'b' }], 3: [{ afterSeconds: 1, answer: 'c' }] },
      },
    },
    outcome: { output: ['a', 'b', 'c'] },
    calls: calls(1, 2, 3),
    anyOrder: true,
  },
  {
    title: 'distributed map: gives [] for an empty array object',
    definition: machine({ Each: distributed({}) }),
    objects: { 'list.json': [] },
    functions: { work: echo },
    outcome: { output: [] },
    callCount: 0,
  },
  {
    title: 'distributed map: finds the object by paths',
    definition: machine({
      Each: distributed({
        ItemReader: {
          Resource: 'arn:aws:states:::s3:getObject',
          ReaderConfig: { InputType: 'JSON' },
          Parameters: { Bucket: 'items', 'Key.$': '$.key' },
        },
        ItemSelector: { 'run.$': '$.run', 'id.$': '$$.Map.Item.Value.id' },
      }),
    }),
    input: { key: 'other.json', run: 3 },
    objects: { 'list.json': items(1), 'other.json': items(2) },
    functions: { work: echo },
    outcome: { output: [{ run: 3, id: 2 }] },
  },
  {
    title: 'distributed map: never runs more children than MaxConcurrency at once',
    definition: machine({ Each: distributed({ MaxConcurrencyPath: '$.atOnce' }) }),
    input: { atOnce: 2 },
    objects: { 'list.json': items(1, 2, 3, 4) },
    functions: { work: slow },
    outcome: { output: items(1, 2, 3, 4) },
    peak: 2,
  },
  {
    title: 'distributed map: runs an inline map over the group that each child gets, and keeps its output tiny',
    definition: machine({
      Groups: distributed(
        { ItemSelector: { 'job.$': '$.job', 'group.$': '$$.Map.Item.Value' }, ResultPath: null },
        {
          Tasks: inline({
            ItemsPath: '$.group.tasks',
            ItemSelector: { 'job.$': '$.job', 'task.$': '$$.Map.Item.Value' },
            ResultSelector: {},
          }),
        },
      ),
    }),
    input: { job: 'j' },
    objects: { 'list.json': [{ tasks: [1, 2] }, { tasks: [3] }] },
    functions: { work: echo },
    outcome: { output: { job: 'j' } },
    calls: [1, 2, 3].map((task) => ({ name: 'work', payload: { job: 'j', task } })),
    anyOrder: true,
  },
  {
    title: 'distributed map: a failed child fails the map by a name of its own, and no further child starts',
    definition: machine({
      Each: distributed({ MaxConcurrency: 1, Catch: catchAll, Next: 'End' }),
      Caught: showError,
      End: { Type: 'Succeed' },
    }),
    objects: { 'list.json': items(1, 2, 3) },
    functions: { work: { by: 'id', scripts: { 1: echo, 2: [{ error: 'Broken' }], 3: echo } } },
    outcome: { output: { error: 'States.ExceedToleratedFailureThreshold' } },
    calls: calls(1, 2),
  },
  {
    title: "distributed map: hides the child's error from catchers that list it",
    definition: machine({
      Each: distributed({ Catch: [{ ErrorEquals: ['Broken'], Next: 'Caught' }], Next: 'End' }),
      Caught: showError,
      End: { Type: 'Succeed' },
    }),
    objects: { 'list.json': items(1) },
    functions: { work: [{ error: 'Broken' }] },
    outcome: { error: 'States.ExceedToleratedFailureThreshold' },
  },
  {
    title: 'distributed map: children retry as any task does',
    definition: machine({ Each: distributed({}, { Work: work({ Retry: [{ ErrorEquals: ['Broken'], IntervalSeconds: 1 }] }) }) }),
    objects: { 'list.json': items(1) },
    functions: { work: [{ error: 'Broken' }, { answer: 'ok' }] },
    outcome: { output: ['ok'] },
    callCount: 2,
  },
  {
    title: 'distributed map: an object that is missing can be caught',
    definition: machine({
      Each: distributed({ Catch: [{ ErrorEquals: ['States.ItemReaderFailed'], Next: 'Caught' }], Next: 'End' }),
      Caught: showError,
      End: { Type: 'Succeed' },
    }),
    functions: { work: echo },
    outcome: { output: { error: 'States.ItemReaderFailed' } },
    callCount: 0,
  },
  {
    title: 'distributed map: results together over 256 KiB fail the execution, even if they would be dropped',
    definition: machine({
      Each: distributed({ ResultPath: null, Catch: catchAll, Next: 'End' }),
      Caught: showError,
      End: { Type: 'Succeed' },
    }),
    objects: { 'list.json': items(1, 2, 3) },
    functions: { work: [{ answerBytes: 100_000 }] },
    outcome: { error: 'States.DataLimitExceeded' },
    callCount: 3,
  },
];
