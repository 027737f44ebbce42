import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnencodableError } from '../../lib/errors.ts';
import { ByteSink } from '../../lib/record/byte-sink.ts';
import { compareKeys } from '../../lib/record/compare-keys.ts';
import { hashKey } from '../../lib/record/hash-key.ts';
import type { Key } from '../../lib/record/key.ts';
import { decodeKey } from '../../lib/record/key-decoder.ts';
import { encodeKey, encodeOrder } from '../../lib/record/key-encoder.ts';
import { keyPrefixEnd, ShortKeyError } from '../../lib/record/key-prefix.ts';
import { Slice } from '../../lib/record/slice.ts';

/** Keys as users make them, with many near misses: short strings over few letters, zeros, shared prefixes. */
const text = () =>
  fc.oneof(
    fc.string({ unit: fc.constantFrom('\0', 'a', 'b', 'é', '\uffff', '😀'), maxLength: 4 }),
    fc.string({ unit: 'binary', maxLength: 60 }),
  );
const bytes = () => fc.oneof(fc.uint8Array({ maxLength: 4, max: 2 }), fc.uint8Array({ maxLength: 60 }));
const integer = () =>
  fc.oneof(fc.bigInt({ min: -300n, max: 300n }), fc.bigInt(-(2n ** 70n), 2n ** 70n), fc.bigInt(-(2n ** 1100n), 2n ** 1100n));
const double = () =>
  fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true }), fc.constantFrom(-0, 0, Infinity, -Infinity, 5e-324));
const { key } = fc.letrec<{ key: Key; tuple: Key[] }>((tie) => ({
  key: fc.oneof({ depthSize: 'small' }, fc.constant(null), fc.boolean(), double(), integer(), text(), bytes(), tie('tuple')),
  tuple: fc.array(tie('key'), { maxLength: 4 }),
}));

function encode(value: unknown): Uint8Array {
  const sink = new ByteSink(1);
  encodeKey(value, sink);
  return sink.take();
}

function decode(encoded: Uint8Array): Key {
  return decodeKey(encoded, 0, encoded.length);
}

function compare(a: Uint8Array, b: Uint8Array): number {
  return Math.sign(compareKeys(a, 0, a.length, b, 0, b.length));
}

/** The order of the design, the slow obvious way. */
function naturalOrder(a: Key, b: Key): number {
  const byRank = rank(a) - rank(b);
  if (byRank !== 0) return Math.sign(byRank);
  if (typeof a === 'string' && typeof b === 'string') return naturalOrder([...a].map(codePoint), [...b].map(codePoint));
  if (a instanceof Uint8Array && b instanceof Uint8Array) return naturalOrder([...a], [...b]);
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let index = 0; index < Math.min(a.length, b.length); index++) {
      const order = naturalOrder(a[index], b[index]);
      if (order !== 0) return order;
    }
    return Math.sign(a.length - b.length);
  }
  return Number(a! > b!) - Number(a! < b!);
}

const codePoint = (character: string) => character.codePointAt(0)!;

function rank(value: Key): number {
  if (Array.isArray(value)) return 6;
  if (value instanceof Uint8Array) return 5;
  return value === null ? 0 : ['boolean', 'number', 'bigint', 'string'].indexOf(typeof value) + 1;
}

describe('encodeKey', () => {
  it('gives bytes whose order is the order of the keys', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(compare(encode(a), encode(b))).toBe(naturalOrder(a, b));
      }),
      { numRuns: 5000 },
    );
  });

  it('orders tuples that share elements, whatever follows', () => {
    const element = fc.constantFrom<Key>(
      '',
      '\0',
      'a',
      'a\0',
      'a\0\0',
      [],
      [[]],
      ['a'],
      new Uint8Array(1),
      new Uint8Array(0),
      0,
      null,
      -1n,
    );
    const tuple = fc.array(fc.oneof(element, fc.array(element, { maxLength: 2 })), { maxLength: 3 });
    fc.assert(
      fc.property(tuple, tuple, (a, b) => {
        expect(compare(encode(a), encode(b))).toBe(naturalOrder(a, b));
      }),
      { numRuns: 5000 },
    );
  });

  it('is undone by decodeKey', () => {
    fc.assert(
      fc.property(key, (value) => {
        expect(decode(encode(value))).toEqual(withoutNegativeZero(value));
      }),
      { numRuns: 5000 },
    );
  });

  it('holds golden bytes of format 1', () => {
    const golden: readonly (readonly [Key, string])[] = [
      [null, '02'],
      [false, '03'],
      [true, '04'],
      [0, '058000000000000000'],
      [-0, '058000000000000000'],
      [1, '05bff0000000000000'],
      [-1, '05400fffffffffffff'],
      [-Infinity, '05000fffffffffffff'],
      [0n, '0680'],
      [1n, '068101'],
      [-1n, '067efe'],
      [256n, '06820100'],
      [-(2n ** 64n), '0676feffffffffffffffff'],
      ['aé😀', '0761c3a9f09f9880'],
      ['a\0', '076100'],
      [Uint8Array.of(0, 255), '0800ff'],
      [[], '09'],
      [['a\0', 1n], '09076100ff00068101'],
      [[['a'], null], '09090761000102'],
    ];
    for (const [value, hex] of golden) expect(Buffer.from(encode(value)).toString('hex')).toBe(hex);
    const long = encode(2n ** 1008n);
    expect(Buffer.from(long.subarray(0, 7)).toString('hex')).toBe('06fe0000007f01');
  });

  it('takes a slice, a Buffer and a Uint8Array for the same bytes', () => {
    const slice = new Slice(Uint8Array.of(9, 1, 0, 9), 1, 3);
    expect(encode(slice)).toEqual(encode(Uint8Array.of(1, 0)));
    expect(encode([slice, 1])).toEqual(encode([Buffer.of(1, 0), 1]));
  });

  it('gives bytes back as a copy that later writes do not change', () => {
    const encoded = Buffer.from(encode(Uint8Array.of(1, 2)));
    const copy = decode(encoded) as Uint8Array;
    encoded.fill(0);
    expect(copy).toEqual(Uint8Array.of(1, 2));
    expect(copy).not.toBeInstanceOf(Buffer);
  });

  it.each([
    { name: 'NaN', value: NaN, reason: 'it is NaN' },
    { name: 'undefined', value: undefined, reason: 'it is undefined' },
    { name: 'an object', value: {}, reason: 'it is a plain object' },
    { name: 'a date', value: new Date(0), reason: 'it is a Date' },
    { name: 'a function', value: () => 1, reason: 'it is a function' },
    { name: 'a lone surrogate', value: 'a\ud800', reason: 'lone surrogate' },
    { name: 'a lone low surrogate in a long string', value: `${'x'.repeat(500)}\udc00`, reason: 'lone surrogate' },
    { name: 'NaN in a tuple', value: ['a', [1, NaN]], reason: '[1][1] is NaN' },
    { name: 'a hole', value: new Array(2), reason: '[0] is undefined' },
  ])('refuses $name, says where, and leaves the sink as it was', ({ value, reason }) => {
    const sink = new ByteSink();
    sink.appendByte(7);
    expect(() => encodeKey(value, sink)).toThrow(UnencodableError);
    expect(() => encodeKey(value, sink)).toThrow(reason);
    expect(sink.length).toBe(1);
  });

  it('refuses a tuple that holds itself', () => {
    const tuple: unknown[] = [1];
    tuple.push(tuple);
    expect(() => encode(tuple)).toThrow('holds itself');
  });

  it('encodes long strings of every width', () => {
    for (const unit of ['a', 'é', '€', '😀']) {
      const long = unit.repeat(1000);
      expect(decode(encode(long))).toBe(long);
      expect(encode(long).subarray(1)).toEqual(new TextEncoder().encode(long));
    }
  });
});

describe('keyPrefixEnd', () => {
  it('ends where the first elements of a tuple end', () => {
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 4 }), fc.nat(), (tuple, seed) => {
        const elements = 1 + (seed % tuple.length);
        const encoded = encode(tuple);
        const end = keyPrefixEnd(encoded, 0, encoded.length, elements);
        expect(encoded.subarray(0, end)).toEqual(encode(tuple.slice(0, elements)));
      }),
    );
  });

  it.each([
    { name: 'a string', value: 'a\n' },
    { name: 'a shorter tuple', value: ['a'] },
    { name: 'an empty tuple', value: [] },
  ])('refuses $name', ({ value }) => {
    const encoded = encode(value);
    expect(() => keyPrefixEnd(encoded, 0, encoded.length, 2)).toThrow(ShortKeyError);
  });
});

describe('hashKey', () => {
  it('holds golden values of format 1', () => {
    const hashes = ['', 'a', 'the', 'whale', [1, 'x']].map((value) => {
      const encoded = encode(value);
      return hashKey(encoded, 0, encoded.length);
    });
    expect(hashes).toEqual([2893720707, 4020688549, 3801114552, 78809943, 3293925354]);
    expect(hashKey(Uint8Array.of(9, 7, 9), 1, 2)).toBe(hashKey(Uint8Array.of(7), 0, 1));
  });

  it('fills low and high bits alike for keys that hardly differ', () => {
    const low = new Set<number>();
    const high = new Set<number>();
    for (let index = 0; index < 4096; index++) {
      const encoded = encode(index);
      const hash = hashKey(encoded, 0, encoded.length);
      low.add(hash & 0xfff);
      high.add(hash >>> 20);
    }
    // 4,096 balls into 4,096 bins fill 63 % of them.
    expect(low.size).toBeGreaterThan(2450);
    expect(high.size).toBeGreaterThan(2450);
  });
});

describe('encodeOrder', () => {
  it('places dates behind all keys, by time', () => {
    const values = [[1], new Date(-5), new Date(0), new Date(9)];
    const encoded = values.map((value) => {
      const sink = new ByteSink();
      encodeOrder(value, sink);
      return sink.take();
    });
    for (let index = 1; index < encoded.length; index++) expect(compare(encoded[index - 1]!, encoded[index]!)).toBe(-1);
    expect(encoded.map(decode)).toEqual(values);
  });
});

function withoutNegativeZero(value: Key): Key {
  if (Array.isArray(value)) return value.map(withoutNegativeZero);
  return typeof value === 'number' ? value + 0 : value;
}
