import { describe, expect, it } from 'vitest';
import { failureFromCause, recordedTaskError, TaskError, taskErrorName, toTaskError } from '../../lib/coordinator/task-error.ts';
import { type Failure, InputChangedError, ObjectMissingError } from '../../lib/errors.ts';
import { PermanentError, setupError } from '../../lib/job/user-code.ts';
import { runMachine } from '../../lib/local/interpreter/run-machine.ts';
import { machine, work } from '../contract/state-machine/machine-case.ts';
import { VirtualTime } from '../interpreter/virtual-time.ts';

const failure: Failure = { name: 'AnyError', code: 'REFOLD_ANY', message: 'what happened', retryable: true };
const thrown = (name: string, message = 'm') => Object.assign(new Error(message), { name });

describe('toTaskError', () => {
  it.each([
    ['an error of ours that nothing mends', new InputChangedError({ key: 'k', expected: '1', found: '2' }), 'PermanentError'],
    ['an error of ours that another attempt may mend', new ObjectMissingError({ key: 'k' }), 'UserError'],
    ['what user code threw', setupError(new TypeError('oops'), 'setup'), 'UserError'],
    ['what user code called permanent', setupError(new PermanentError('never'), 'setup'), 'PermanentError'],
    ['an error called permanent by name alone', thrown('PermanentError'), 'PermanentError'],
    ['a throttled request', thrown('ThrottlingException'), 'TransientError'],
    ['a full S3 prefix', thrown('SlowDown'), 'TransientError'],
    ['an error that nobody knows', thrown('TypeError'), 'UserError'],
    ['what is no error', 'text', 'UserError'],
  ])('names %s', (_, error, name) => {
    expect(toTaskError(error).name).toBe(name);
  });

  it.each(['REFOLD_SANDBOX_LOST', 'REFOLD_HEAP_OVERFLOW', 'REFOLD_MEMORY_LIMIT', 'REFOLD_TASK_TIMEOUT'])(
    'counts %s as a lost sandbox',
    (code) => {
      expect(taskErrorName({ ...failure, code })).toBe('SandboxLost');
      expect(taskErrorName({ ...failure, code, retryable: false })).toBe('PermanentError');
    },
  );

  it('shows a failure in its message alone, and of a recorded one only the class', () => {
    const user = { ...failure, code: 'REFOLD_USER_CODE', message: 'card 4711', values: { key: '"card 4711"' } };
    const error = new TaskError(user);
    expect(error.failure).toEqual(user);
    expect(JSON.stringify({ ...error, stack: error.stack })).not.toContain('4711');
    const recorded = recordedTaskError(user);
    expect(recorded.failure).toEqual(user);
    expect(recorded.name).toBe(error.name);
    expect(JSON.stringify({ ...recorded, message: recorded.message, stack: recorded.stack })).not.toContain('4711');
    const told = { name: user.name, code: user.code, retryable: true };
    expect(failureFromCause(recorded.name, recorded.message)).toMatchObject(told);
  });

  it('leaves a TaskError as it is', () => {
    const error = new TaskError(failure);
    expect(toTaskError(error)).toBe(error);
  });
});

describe('failureFromCause', () => {
  it('gives back what a task function threw, through a state machine', async () => {
    const time = new VirtualTime();
    const error = toTaskError(new InputChangedError({ key: 'k', expected: '1', found: '2' }));
    const outcome = await time.run(
      runMachine(
        machine({ Work: work() }),
        {},
        { invoke: async () => Promise.reject(error), readJsonArray: () => [], clock: time, random: () => 0 },
      ),
    );
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'PermanentError' });
    if (outcome.status === 'FAILED') expect(failureFromCause(outcome.error, outcome.cause)).toEqual(error.failure);
  });

  it.each([
    ['a Failure as JSON', JSON.stringify(failure), failure],
    ["Lambda's form around one", JSON.stringify({ errorType: 'E', errorMessage: JSON.stringify(failure), trace: [] }), failure],
    [
      "Lambda's form around a text",
      JSON.stringify({ errorType: 'E', errorMessage: 'text' }),
      { name: 'E', message: 'text', retryable: false },
    ],
    ['a text', 'RequestId: 1 Error: Runtime exited', { name: 'E', message: 'RequestId: 1 Error: Runtime exited' }],
    ['an empty cause', '', { name: 'E', message: 'E' }],
    ['no cause', undefined, { name: 'E', message: 'E' }],
    ['JSON that is no object', 'null', { name: 'E', message: 'null' }],
  ])('reads %s', (_, cause, expected) => {
    expect(failureFromCause('E', cause)).toMatchObject(expected);
  });

  it('keeps to 2 KB, however long the cause', () => {
    const long = failureFromCause('E', 'x'.repeat(32_768));
    expect(Buffer.byteLength(JSON.stringify(long))).toBeLessThanOrEqual(2048);
  });
});
