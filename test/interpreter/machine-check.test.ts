import { describe, expect, it } from 'vitest';
import { checkMachine } from '../../lib/local/interpreter/machine-check.ts';
import { InvalidMachineError } from '../../lib/local/interpreter/machine-error.ts';

const task = { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke', Parameters: { FunctionName: 'f' }, End: true };
const pass = { Type: 'Pass', End: true };
const processor = { ProcessorConfig: { Mode: 'INLINE' }, StartAt: 'P', States: { P: pass } };
const map = { Type: 'Map', ItemProcessor: processor, End: true };
const distributed = {
  ...map,
  ItemProcessor: { ...processor, ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } },
  ItemReader: {
    Resource: 'arn:aws:states:::s3:getObject',
    ReaderConfig: { InputType: 'JSON' },
    Parameters: { Bucket: 'b', Key: 'k' },
  },
};
const choice = (rule: object) => ({ Type: 'Choice', Choices: [{ Variable: '$.a', ...rule, Next: 'A' }], Default: 'A' });
const retry = (retrier: object) => ({ ...task, Retry: [{ ErrorEquals: ['A'], ...retrier }] });
const only = (state: object, others: object = {}) => ({ StartAt: 'A', States: { A: state, ...others } });
/** A choice that leads to A, which ends. */
const first = (state: object) => ({ StartAt: 'C', States: { C: state, A: pass } });

/** What is refused, the states in the message, and the field in it. */
const refused: readonly (readonly [title: string, definition: unknown, where: string, field: string])[] = [
  ['a definition that is no object', [], 'machine', 'definition'],
  ['a machine without StartAt', { States: { A: pass } }, 'machine', 'StartAt'],
  ['a StartAt that names no state', { StartAt: 'B', States: { A: pass } }, 'machine', 'StartAt'],
  ['a time limit of the machine', { ...only(pass), TimeoutSeconds: 9 }, 'machine', 'TimeoutSeconds'],
  ['JSONata', { ...only(pass), QueryLanguage: 'JSONata' }, 'machine', 'QueryLanguage'],
  ['a state without a type', only({ End: true }), 'machine.A', 'Type'],
  ['an unknown state type', only({ Type: 'Loop', End: true }), 'machine.A', 'Type'],
  ['a field of another state type', only({ ...pass, Seconds: 1 }), 'machine.A', 'Seconds'],
  ['a misspelt field', only({ ...pass, Resultpath: null }), 'machine.A', 'Resultpath'],
  ['variables', only({ ...pass, Assign: { a: 1 } }), 'machine.A', 'Assign'],
  ['neither Next nor End', only({ Type: 'Pass' }), 'machine.A', 'Next'],
  ['both Next and End', only({ Type: 'Pass', Next: 'A', End: true }), 'machine.A', 'Next'],
  ['End that is false', only({ Type: 'Pass', End: false }), 'machine.A', 'End'],
  ['a Next that names no state', only({ Type: 'Pass', Next: 'B' }), 'machine', 'States.A'],
  ['a Next in a Catch that names no state', only({ ...task, Catch: [{ ErrorEquals: ['A'], Next: 'B' }] }), 'machine', 'States.A'],
  ['a Default that names no state', only({ ...choice({ IsNull: true }), Default: 'B' }), 'machine', 'States.A'],
  ['a state that nothing leads to', only(pass, { B: pass }), 'machine', 'States.B'],
  ['a Next out of an item processor', only(map, { B: pass }), 'machine', 'States.B'],
  [
    'two states of one name',
    only({ ...map, ItemProcessor: { ...processor, StartAt: 'A', States: { A: pass } } }),
    'machine.A.ItemProcessor',
    'States',
  ],
  ['a Task with another resource', only({ ...task, Resource: 'arn:aws:states:::sqs:sendMessage' }), 'machine.A', 'Resource'],
  [
    'a Task that waits for a token',
    only({ ...task, Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken' }),
    'machine.A',
    'Resource',
  ],
  ['a Task without a function', only({ ...task, Parameters: {} }), 'machine.A.Parameters', 'FunctionName'],
  [
    'another parameter of an invocation',
    only({ ...task, Parameters: { FunctionName: 'f', Qualifier: '1' } }),
    'machine.A.Parameters',
    'Qualifier',
  ],
  ['heartbeats', only({ ...task, HeartbeatSeconds: 9 }), 'machine.A', 'HeartbeatSeconds'],
  ['a timeout by path', only({ ...task, TimeoutSecondsPath: '$.a' }), 'machine.A', 'TimeoutSecondsPath'],
  ['a timeout of 0 seconds', only({ ...task, TimeoutSeconds: 0 }), 'machine.A', 'TimeoutSeconds'],
  ['an empty Retry', only({ ...task, Retry: [] }), 'machine.A', 'Retry'],
  ['an unknown field of a retrier', only(retry({ Jitter: 'FULL' })), 'machine.A.Retry[0]', 'Jitter'],
  ['an unknown jitter', only(retry({ JitterStrategy: 'HALF' })), 'machine.A.Retry[0]', 'JitterStrategy'],
  ['an interval that is no whole number', only(retry({ IntervalSeconds: 0.5 })), 'machine.A.Retry[0]', 'IntervalSeconds'],
  ['an interval of 0', only(retry({ IntervalSeconds: 0 })), 'machine.A.Retry[0]', 'IntervalSeconds'],
  ['a rate that shrinks', only(retry({ BackoffRate: 0.5 })), 'machine.A.Retry[0]', 'BackoffRate'],
  [
    'a cap that is not above the interval',
    only(retry({ IntervalSeconds: 2, MaxDelaySeconds: 2 })),
    'machine.A.Retry[0]',
    'MaxDelaySeconds',
  ],
  ['a negative MaxAttempts', only(retry({ MaxAttempts: -1 })), 'machine.A.Retry[0]', 'MaxAttempts'],
  ['a retrier without errors', only(retry({ ErrorEquals: [] })), 'machine.A.Retry[0]', 'ErrorEquals'],
  ['States.ALL beside other names', only(retry({ ErrorEquals: ['States.ALL', 'A'] })), 'machine.A.Retry[0]', 'ErrorEquals'],
  [
    'States.ALL before the last retrier',
    only({ ...task, Retry: [{ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['A'] }] }),
    'machine.A.Retry[0]',
    'ErrorEquals',
  ],
  ['a retrier for what nothing catches', only(retry({ ErrorEquals: ['States.Runtime'] })), 'machine.A.Retry[0]', 'ErrorEquals'],
  ['an unknown States error', only(retry({ ErrorEquals: ['States.Timedout'] })), 'machine.A.Retry[0]', 'ErrorEquals'],
  [
    'an unknown field of a catcher',
    only({ ...task, Catch: [{ ErrorEquals: ['A'], Next: 'B', OutputPath: '$' }] }, { B: pass }),
    'machine.A.Catch[0]',
    'OutputPath',
  ],
  ['Retry of a Pass', only({ ...pass, Retry: [{ ErrorEquals: ['A'] }] }), 'machine.A', 'Retry'],
  ['a wildcard in a path', only({ ...pass, InputPath: '$.a[*]' }), 'machine.A', 'InputPath'],
  ['a filter in a path', only({ ...pass, InputPath: '$.a[?(@.b)]' }), 'machine.A', 'InputPath'],
  ['a deep scan', only({ ...pass, InputPath: '$..a' }), 'machine.A', 'InputPath'],
  ['a path without a dollar', only({ ...pass, OutputPath: 'a' }), 'machine.A', 'OutputPath'],
  ['a ResultPath into the context', only({ ...pass, ResultPath: '$$.State' }), 'machine.A', 'ResultPath'],
  [
    'an unknown field of the context',
    only({ ...pass, Parameters: { 'a.$': '$$.Execution.RoleArn' } }),
    'machine.A',
    'Parameters.a.$',
  ],
  [
    'a field below a name of the context',
    only({ ...pass, Parameters: { 'a.$': '$$.Execution.Name.b' } }),
    'machine.A',
    'Parameters.a.$',
  ],
  ['the whole context', only({ ...pass, Parameters: { 'a.$': '$$' } }), 'machine.A', 'Parameters.a.$'],
  ['a map item outside of a map', only({ ...pass, Parameters: { 'a.$': '$$.Map.Item.Index' } }), 'machine.A', 'Parameters.a.$'],
  [
    'a map item inside a child execution',
    only({
      ...distributed,
      ItemProcessor: { ...distributed.ItemProcessor, States: { P: { ...pass, InputPath: '$$.Map.Item.Value' } } },
    }),
    'machine.A.ItemProcessor.P',
    'InputPath',
  ],
  [
    'the execution inside a child execution',
    only({
      ...distributed,
      ItemProcessor: { ...distributed.ItemProcessor, States: { P: { ...pass, InputPath: '$$.Execution.Input' } } },
    }),
    'machine.A.ItemProcessor.P',
    'InputPath',
  ],
  ['an unknown intrinsic function', only({ ...pass, Parameters: { 'a.$': 'States.UUID()' } }), 'machine.A', 'Parameters.a.$'],
  [
    'an intrinsic function that does not end',
    only({ ...pass, Parameters: { 'a.$': 'States.Array($.b' } }),
    'machine.A',
    'Parameters.a.$',
  ],
  [
    'text after an intrinsic function',
    only({ ...pass, Parameters: { 'a.$': 'States.Array($.b) + 1' } }),
    'machine.A',
    'Parameters.a.$',
  ],
  ['a template value that is no text', only({ ...pass, Parameters: { b: [{ 'a.$': 1 }] } }), 'machine.A', 'Parameters.b[0].a.$'],
  ['one name twice in a template', only({ ...pass, Parameters: { a: 1, 'a.$': '$' } }), 'machine.A', 'Parameters.a.$'],
  ['a template that is no object', only({ ...task, ResultSelector: 1 }), 'machine.A', 'ResultSelector'],
  ['Result beside Parameters', only({ ...pass, Result: 1, Parameters: {} }), 'machine.A', 'Result'],
  ['a comparison that is not supported', first(choice({ StringMatches: 'a*' })), 'machine.C.Choices[0]', 'Variable'],
  ['a comparison with a variable', first(choice({ StringEqualsPath: '$.b' })), 'machine.C.Choices[0]', 'Variable'],
  ['two comparisons in one rule', first(choice({ StringEquals: 'a', IsNull: true })), 'machine.C.Choices[0]', 'StringEquals'],
  ['a comparison with another type', first(choice({ StringEquals: 1 })), 'machine.C.Choices[0]', 'StringEquals'],
  ['an empty And', first({ Type: 'Choice', Choices: [{ And: [], Next: 'A' }] }), 'machine.C.Choices[0]', 'And'],
  ['And beside a comparison', first(choice({ And: [{ Variable: '$.a', IsNull: true }] })), 'machine.C.Choices[0]', 'Variable'],
  [
    'a Next inside And',
    first({ Type: 'Choice', Choices: [{ And: [{ Variable: '$.a', IsNull: true, Next: 'A' }], Next: 'A' }] }),
    'machine.C.Choices[0].And[0]',
    'Next',
  ],
  ['Seconds beside SecondsPath', only({ Type: 'Wait', Seconds: 1, SecondsPath: '$.a', End: true }), 'machine.A', 'Seconds'],
  ['a timestamp to wait for', only({ Type: 'Wait', Timestamp: '2030-01-01T00:00:00Z', End: true }), 'machine.A', 'Seconds'],
  ['Error beside ErrorPath', only({ Type: 'Fail', Error: 'a', ErrorPath: '$.a' }), 'machine.A', 'Error'],
  [
    'a Map without a mode',
    only({ ...map, ItemProcessor: { ...processor, ProcessorConfig: {} } }),
    'machine.A.ItemProcessor.ProcessorConfig',
    'Mode',
  ],
  [
    'EXPRESS children',
    only({ ...distributed, ItemProcessor: { ...processor, ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' } } }),
    'machine.A.ItemProcessor.ProcessorConfig',
    'ExecutionType',
  ],
  [
    'the old name of ItemProcessor',
    only({ Type: 'Map', Iterator: { StartAt: 'P', States: { P: pass } }, End: true }),
    'machine.A.ItemProcessor',
    'definition',
  ],
  ['ItemReader of an inline map', only({ ...map, ItemReader: distributed.ItemReader }), 'machine.A', 'ItemReader'],
  ['ItemsPath of a distributed map', only({ ...distributed, ItemsPath: '$.a' }), 'machine.A', 'ItemsPath'],
  [
    'items in CSV',
    only({ ...distributed, ItemReader: { ...distributed.ItemReader, ReaderConfig: { InputType: 'CSV' } } }),
    'machine.A.ItemReader.ReaderConfig',
    'InputType',
  ],
  [
    'a limit of items',
    only({ ...distributed, ItemReader: { ...distributed.ItemReader, ReaderConfig: { InputType: 'JSON', MaxItems: 1 } } }),
    'machine.A.ItemReader.ReaderConfig',
    'MaxItems',
  ],
  ['ItemBatcher', only({ ...distributed, ItemBatcher: { MaxItemsPerBatch: 2 } }), 'machine.A', 'ItemBatcher'],
  ['ResultWriter', only({ ...distributed, ResultWriter: {} }), 'machine.A', 'ResultWriter'],
  ['tolerated failures', only({ ...distributed, ToleratedFailureCount: 1 }), 'machine.A', 'ToleratedFailureCount'],
  [
    'MaxConcurrency beside its path',
    only({ ...map, MaxConcurrency: 1, MaxConcurrencyPath: '$.a' }),
    'machine.A',
    'MaxConcurrencyPath',
  ],
  ['a Parallel without branches', only({ Type: 'Parallel', Branches: [], End: true }), 'machine.A', 'Branches'],
  [
    'an unknown field in a branch',
    only({ Type: 'Parallel', Branches: [{ ...only(pass), Next: 'B' }], End: true }),
    'machine.A.Branches[0]',
    'Next',
  ],
];

describe('checkMachine', () => {
  it.each(refused)('refuses %s', (_, definition, where, field) => {
    const error = captured(() => checkMachine(definition));
    expect(error).toBeInstanceOf(InvalidMachineError);
    expect((error as InvalidMachineError).values).toMatchObject({ where, field });
  });

  it.each([
    ['a Pass', only(pass)],
    ['a Task', only(task)],
    ['an inline Map', only(map)],
    ['a distributed Map', only(distributed)],
    ['a Choice', first(choice({ StringEquals: 'a' }))],
    ['comments', { Comment: 'why', ...only({ ...pass, Comment: 'why' }) }],
  ])('takes %s', (_, definition) => {
    expect(() => checkMachine(definition)).not.toThrow();
  });

  it('says state, field and reason in one sentence', () => {
    const error = captured(() => checkMachine(only({ ...pass, Seconds: 1 })));
    expect((error as Error).message).toBe(
      'State machine, machine.A, Seconds: a field that the interpreter does not support here.',
    );
  });
});

function captured(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
