import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../lib/coordinator/states.ts';
import { parsePath, readPath, writePath } from '../../lib/local/interpreter/json-path.ts';

const path = (text: string) => parsePath(text)!;

describe('readPath', () => {
  it.each([
    ['$', { a: 1 }, { a: 1 }],
    ['$.a.b', { a: { b: 2 } }, 2],
    ['$.a[1]', { a: [1, 2] }, 2],
    ['$[0].b', [{ b: 3 }], 3],
    ["$['a b'].c", { 'a b': { c: 4 } }, 4],
    ['$.a', { a: null }, null],
    ['$.a.b', { a: null }, undefined],
    ['$.a', {}, undefined],
    ['$.a[2]', { a: [1, 2] }, undefined],
    ['$.length', [1], undefined],
    ['$.a.length', { a: 'text' }, undefined],
    ['$.constructor', {}, undefined],
    ['$[0]', { 0: 'a' }, undefined],
  ])('reads %s of %j', (text, data, value) => {
    expect(readPath(path(text), data)).toEqual(value);
  });
});

describe('parsePath', () => {
  it.each(['', 'a', '$a', '$.', '$..a', '$.a[', '$.a[]', '$.a[-1]', '$.a[0:2]', '$.a[*]', '$.*', "$['a'", '$.a b', '$$$'])(
    'refuses %j',
    (text) => {
      expect(parsePath(text)).toBeUndefined();
    },
  );
});

describe('writePath', () => {
  it('puts a value where readPath finds it, and changes neither the rest nor the original', () => {
    const steps = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 });
    const data = fc.dictionary(fc.constantFrom('a', 'b', 'x'), fc.dictionary(fc.constantFrom('a', 'x'), fc.constant({})));
    fc.assert(
      fc.property(steps, data, (names, original) => {
        const before = JSON.stringify(original);
        const target = path(['$', ...names].join('.'));
        const written = writePath(target, original as Json, 'new');
        expect(readPath(target, written)).toBe('new');
        expect(JSON.stringify(original)).toBe(before);
        if (names.length > 0) expect(readPath(path('$.x'), written)).toEqual(original.x);
      }),
    );
  });

  it('refuses to go into what is no object', () => {
    expect(() => writePath(path('$.a.b'), { a: 'text' }, 1)).toThrow('States.ResultPathMatchFailure');
  });
});
