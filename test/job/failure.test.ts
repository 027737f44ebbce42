import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputChangedError, RefoldError } from '../../lib/errors.ts';
import { FAILURE_BYTES_MAX, FailureError, toFailure } from '../../lib/job/failure.ts';

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

class WordyError extends RefoldError {
  override readonly name = 'WordyError';
  readonly code = 'REFOLD_WORDY';
  readonly retryable = false;
  readonly hint: string;
  constructor(message: string, hint: string, values: Record<string, string>) {
    super(message, values);
    this.hint = hint;
  }
}

describe('toFailure', () => {
  it('keeps everything an engine error says', () => {
    const values = { key: '/a', expected: '1', found: '2' };
    expect(toFailure(new InputChangedError(values))).toEqual({
      name: 'InputChangedError',
      code: 'REFOLD_INPUT_CHANGED',
      message: '/a changed while the job ran: planned as 1, found 2.',
      hint: 'Run the command again: the changed input is a new job.',
      retryable: false,
      values,
    });
  });

  it('gives other errors a retryable code and their own frames', () => {
    const failure = toFailure(new TypeError('no such thing'));
    expect(failure).toMatchObject({ name: 'TypeError', code: 'REFOLD_UNKNOWN', message: 'no such thing', retryable: true });
    expect(String(failure.values?.stack)).toMatch(/^at .*failure\.test\.ts:\d+:\d+/);
    expect(String(failure.values?.stack)).not.toContain('node:internal');
  });

  const hostile = {
    get message(): string {
      throw new Error('no message for you');
    },
  };
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;

  it.each([
    { name: 'null', thrown: null, message: 'null was thrown, which is not an Error' },
    { name: 'undefined', thrown: undefined, message: 'undefined was thrown, which is not an Error' },
    { name: 'text', thrown: 'no', message: '"no" was thrown, which is not an Error' },
    { name: 'a bigint', thrown: 1n, message: '1 was thrown, which is not an Error' },
    { name: 'a symbol', thrown: Symbol('s'), message: 'Symbol(s) was thrown, which is not an Error' },
    { name: 'an object', thrown: { status: 500 }, message: '{"status":500} was thrown, which is not an Error' },
    { name: 'a cycle', thrown: cyclic, message: 'something was thrown that cannot be shown' },
    { name: 'an error whose getters throw', thrown: hostile, message: 'something was thrown that cannot be shown' },
    {
      name: 'an error whose message is no text',
      thrown: { message: Object.create(null) as object },
      message: 'something was thrown that cannot be shown',
    },
  ])('makes something of $name', ({ thrown, message }) => {
    expect(toFailure(thrown)).toMatchObject({ code: 'REFOLD_UNKNOWN', message });
  });

  it('never exceeds 2 KB, whatever the texts are, and keeps name, code and retryable', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 4000 }),
      fc.constantFrom('\u0000', '😀', 'é').map((part) => part.repeat(3000)),
    );
    fc.assert(
      fc.property(text, text, fc.dictionary(fc.string({ maxLength: 10 }), text, { maxKeys: 8 }), (message, hint, values) => {
        const failure = toFailure(new WordyError(message, hint, values));
        expect(sizeOf(failure)).toBeLessThanOrEqual(FAILURE_BYTES_MAX);
        expect(failure).toMatchObject({ name: 'WordyError', code: 'REFOLD_WORDY', retryable: false });
        expect(failure.message.length).toBeGreaterThanOrEqual(Math.min(message.length, 8));
      }),
      { numRuns: 200 },
    );
  });

  it('comes out of a FailureError as it went in', () => {
    const failure = toFailure(new InputChangedError({ key: '/a', expected: '1', found: '2' }));
    const error = new FailureError(JSON.parse(JSON.stringify(failure)));
    expect(error).toMatchObject({
      name: failure.name,
      code: failure.code,
      message: failure.message,
      hint: failure.hint,
      retryable: false,
    });
    expect(toFailure(error)).toEqual(failure);
  });
});
