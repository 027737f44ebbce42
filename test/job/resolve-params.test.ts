import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../lib/errors.ts';
import { InvalidJobError } from '../../lib/job/check-definition.ts';
import { defaultsOf, paramsOf, resolveParams } from '../../lib/job/resolve-params.ts';

const defaults = { minLength: 3, word: 'the', loud: false };

function refusalOf(work: () => void): InvalidOptionError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidOptionError);
    return error as InvalidOptionError;
  }
  throw new Error('it was taken');
}

describe('resolveParams', () => {
  it.each([
    { name: 'minLength', given: '5', expected: 5 },
    { name: 'minLength', given: '-0.5e3', expected: -500 },
    { name: 'minLength', given: 5, expected: 5 },
    { name: 'word', given: 'a b', expected: 'a b' },
    { name: 'word', given: '', expected: '' },
    { name: 'word', given: 7, expected: '7' },
    { name: 'loud', given: 'true', expected: true },
    { name: 'loud', given: 'false', expected: false },
    { name: 'loud', given: true, expected: true },
  ])('reads $name=$given by the type of its default', ({ name, given, expected }) => {
    expect(resolveParams(defaults, { [name]: given })).toEqual({ [name]: expected });
  });

  it.each([
    { name: 'minLength', given: 'five', rule: 'a number, like its default 3' },
    { name: 'minLength', given: '', rule: 'a number, like its default 3' },
    { name: 'minLength', given: '1_000', rule: 'a number, like its default 3' },
    { name: 'loud', given: 'yes', rule: 'a boolean, like its default false' },
    { name: 'loud', given: 1, rule: 'a boolean, like its default false' },
    { name: 'loud', given: '', rule: 'a boolean, like its default false' },
  ])('refuses $name=$given, with how to write it', ({ name, given, rule }) => {
    const error = refusalOf(() => resolveParams(defaults, { [name]: given }));
    expect(error.values).toMatchObject({ option: `param ${name}`, rule });
    expect(error.hint).toBe(`Write --param ${name}=${String(defaults[name as keyof typeof defaults])}.`);
  });

  it('names the nearest param for an unknown one, and all that there are', () => {
    const error = refusalOf(() => resolveParams(defaults, { minLenght: '5' }));
    expect(error.message).toBe('param minLenght: "5" is not a param of this job.');
    expect(error.hint).toBe('Did you mean minLength? The job has minLength, word, loud.');
  });

  it('says so where a job has none', () => {
    expect(refusalOf(() => resolveParams({}, { minLength: '5' })).hint).toBe('The job has no params.');
  });

  it('leaves both its arguments as they are', () => {
    const given = { word: 'x' };
    resolveParams(defaults, given);
    expect([defaults, given]).toEqual([{ minLength: 3, word: 'the', loud: false }, { word: 'x' }]);
  });
});

describe('defaultsOf', () => {
  it('puts together the params of all steps; of one name the last is taken', () => {
    expect(defaultsOf([{ params: { width: 1, first: 'a' } }, { params: {} }, { params: { width: 2 } }])).toEqual({
      width: 2,
      first: 'a',
    });
  });

  it('refuses one name of two types', () => {
    expect(() => defaultsOf([{ params: { width: 1 } }, { params: { width: true } }])).toThrow(InvalidJobError);
  });
});

describe('paramsOf', () => {
  it('gives a job its own params only, those that were given in place of the defaults', () => {
    expect(paramsOf(defaults, { minLength: 9, ofAnotherJob: 1 })).toEqual({ minLength: 9, word: 'the', loud: false });
    expect(paramsOf({ toString: 'a' }, {})).toEqual({ toString: 'a' });
  });
});
