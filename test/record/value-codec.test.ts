import { runInNewContext } from 'node:vm';
import { decode as msgpackDecode, encode as msgpackEncode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnencodableError } from '../../lib/errors.ts';
import { ByteSink } from '../../lib/record/byte-sink.ts';
import { Slice } from '../../lib/record/slice.ts';
import { decodeNumber, decodeValue, decodeValues, isNumber } from '../../lib/record/value-decoder.ts';
import { encodeValue } from '../../lib/record/value-encoder.ts';

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<unknown>(null, undefined, true, false, -0, NaN, Infinity, -Infinity, new Date(NaN)),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double(),
    fc.bigInt(),
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.date(),
    fc.int16Array(),
    fc.float64Array(),
    fc.bigInt64Array(),
    fc.uint8ClampedArray(),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), tie('value'), { maxKeys: 20, noNullPrototype: true }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
  ),
}));

function encode(input: unknown): Uint8Array {
  const sink = new ByteSink(1);
  encodeValue(input, sink);
  return sink.take();
}

function decode(encoded: Uint8Array): unknown {
  return decodeValue(encoded, 0, encoded.length);
}

/** Equal as Object.is is, with classes, insertion order and `undefined` properties. */
function expectSame(found: unknown, wanted: unknown): void {
  expect(found).toStrictEqual(wanted);
  if (wanted instanceof Map || wanted instanceof Set) expectSame([...(found as Set<unknown>)], [...wanted]);
}

describe('encodeValue', () => {
  it('is undone by decodeValue, exactly', () => {
    fc.assert(
      fc.property(value, (input) => expectSame(decode(encode(input)), input)),
      { numRuns: 3000 },
    );
  });

  it('writes what a msgpack library reads and writes, for what msgpack has a form for', () => {
    const plain = fc.jsonValue({ noUnicodeString: false }).map((json) => JSON.parse(JSON.stringify(json)));
    fc.assert(
      fc.property(
        fc.oneof(
          plain,
          fc.maxSafeInteger(),
          fc.double({ noNaN: true }),
          fc.string({ maxLength: 400, size: 'max' }),
          fc.uint8Array(),
        ),
        (input) => {
          // The library refuses the name __proto__; what we make of it is tested above.
          fc.pre(!hasNegativeZero(input) && !JSON.stringify(input).includes('"__proto__"'));
          expect(encode(input)).toEqual(msgpackEncode(input));
          expect(msgpackDecode(encode(input))).toEqual(input);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('keeps whole numbers at every border', () => {
    for (let bit = 0; bit <= 60; bit++) {
      for (const near of [2 ** bit - 1, 2 ** bit, 2 ** bit + 1]) {
        for (const input of [near, -near]) {
          const encoded = encode(input);
          expect(isNumber(encoded, 0)).toBe(true);
          expect(decodeNumber(encoded, 0)).toBe(input);
          expect(decode(encoded)).toBe(input);
        }
      }
    }
  });

  it('keeps texts, bytes, arrays and objects of every head length', () => {
    for (const length of [0, 15, 16, 31, 32, 255, 256, 65_535, 65_536]) {
      for (const unit of ['a', 'é', '😀']) expect(decode(encode(unit.repeat(length)))).toBe(unit.repeat(length));
      expectSame(decode(encode(new Uint8Array(length).fill(7))), new Uint8Array(length).fill(7));
      expectSame(decode(encode(new Array(length).fill(1))), new Array(length).fill(1));
      const object = Object.fromEntries(Array.from({ length }, (_, index) => [`k${index}`, index]));
      expectSame(decode(encode(object)), object);
      expectSame(decode(encode(new Float64Array(length).fill(0.1))), new Float64Array(length).fill(0.1));
    }
  });

  it('gives slices and Buffers back as a Uint8Array that later writes do not change', () => {
    const encoded = Buffer.from(encode([new Slice(Uint8Array.of(1, 2, 3), 1, 3), Buffer.of(2, 3)]));
    const copies = decode(encoded);
    encoded.fill(0);
    expectSame(copies, [Uint8Array.of(2, 3), Uint8Array.of(2, 3)]);
  });

  it('keeps property names apart when the buffer they were read from is used again', () => {
    const buffer = Buffer.alloc(64);
    for (const name of ['abc', 'axc', 'abc', 'azc', 'éc', 'ac', 'x'.repeat(31), 'x'.repeat(32), '']) {
      const encoded = encode({ [name]: 1 });
      buffer.set(encoded);
      expect(decodeValue(buffer, 0, encoded.length)).toEqual({ [name]: 1 });
    }
  });

  it('takes plain data of another realm, which test runners have', () => {
    const foreign = runInNewContext('({ a: [1, new Date(5)], m: new Map([[1, new Uint8Array([2])]]) })');
    expect(decode(encode(foreign))).toStrictEqual({ a: [1, new Date(5)], m: new Map([[1, Uint8Array.of(2)]]) });
  });

  it('takes an object without prototype as plain data', () => {
    expect(decode(encode({ ...'ab'.match(/(?<x>a)/)!.groups }))).toEqual({ x: 'a' });
    expect(decode(encode('ab'.match(/(?<x>a)/)!.groups))).toEqual({ x: 'a' });
  });

  it.each([
    { name: 'a function', input: () => 1, reason: 'it is a function' },
    { name: 'a symbol', input: { a: [Symbol('s')] }, reason: 'a[0] is a symbol' },
    { name: 'a class instance', input: { when: new (class Point {})() }, reason: 'when is an object of class Point' },
    { name: 'a subclass of Map', input: [new (class Table extends Map {})()], reason: '[0] is an object of class Table' },
    { name: 'an Error', input: new Error('x'), reason: 'class Error' },
    { name: 'a promise', input: Promise.resolve(1), reason: 'class Promise' },
    { name: 'a regular expression', input: { r: /x/ }, reason: 'r is an object of class RegExp' },
    { name: 'a boxed number', input: Object(1), reason: 'class Number' },
    { name: 'an ArrayBuffer', input: new ArrayBuffer(1), reason: 'class ArrayBuffer' },
    { name: 'a DataView', input: [new DataView(new ArrayBuffer(1))], reason: '[0] is a DataView' },
    { name: 'a hole', input: { a: new Array(1) }, reason: 'a[0] is a hole' },
    { name: 'a symbol as a name', input: { a: { [Symbol.iterator]: 1 } }, reason: 'a has a symbol' },
    { name: 'a lone surrogate', input: 'x\ud800', reason: 'it is a string with a lone surrogate' },
    { name: 'a lone surrogate in a name', input: { 'a\udc00': 1 }, reason: 'lone surrogate in its name' },
    { name: 'a bad value in a map', input: new Map([[1, { f: () => 1 }]]), reason: '<value 0>.f is a function' },
  ])('refuses $name, says where, and leaves the sink as it was', ({ input, reason }) => {
    const sink = new ByteSink();
    sink.appendByte(7);
    expect(() => encodeValue(input, sink)).toThrow(UnencodableError);
    expect(() => encodeValue(input, sink)).toThrow(reason);
    expect(sink.length).toBe(1);
  });

  it('refuses cycles and endless depth, but not a value met twice', () => {
    const cycle: { list: unknown[] } = { list: [1] };
    cycle.list.push({ back: cycle });
    expect(() => encode(cycle)).toThrow('list[1].back is a value that holds itself');
    let deep: unknown = 1;
    for (let depth = 0; depth < 5000; depth++) deep = [deep];
    expect(() => encode(deep)).toThrow('nested deeper than 1000');
    const shared = { x: 1 };
    expect(decode(encode([shared, shared]))).toEqual([shared, shared]);
  });

  it('writes one and the same bytes for format 1', () => {
    const golden: readonly (readonly [unknown, string])[] = [
      [undefined, 'd40100'],
      [-0, 'cb8000000000000000'],
      [NaN, 'cb7ff8000000000000'],
      [new Date(1), 'd7023ff0000000000000'],
      [0n, 'd5050000'],
      [-256n, 'c70305010100'],
      [new Map([[1, 'a']]), 'c9000000030301a161'],
      [new Set([2]), 'c9000000010402'],
      [Int16Array.of(1, -1), 'c70506020100ffff'],
    ];
    for (const [input, hex] of golden) expect(Buffer.from(encode(input)).toString('hex')).toBe(hex);
  });
});

describe('decodeValues', () => {
  it('gives a plain value as the only one, arrays too', () => {
    const encoded = encode([1, 2]);
    expect(decodeValues(encoded, 0, encoded.length)).toEqual([[1, 2]]);
  });
});

function hasNegativeZero(input: unknown): boolean {
  if (typeof input !== 'object' || input === null) return Object.is(input, -0);
  return Object.values(input).some(hasNegativeZero);
}
