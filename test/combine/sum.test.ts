import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StateColumn } from '../../lib/combine/combiner.ts';
import { canonicalParts, roundUnits, toUnits } from '../../lib/combine/exact-sum.ts';
import { MixedSumError, sum, UnsummableError } from '../../lib/combine/sum.ts';
import { ByteSink } from '../../lib/record/byte-sink.ts';
import { decodeValue } from '../../lib/record/value-decoder.ts';
import { encodeValue } from '../../lib/record/value-encoder.ts';

/** Doubles that hurt: neighbours of powers of two that tie, cancel, overflow, and mixed magnitudes. */
const hard = fc
  .tuple(
    fc.integer({ min: -1074, max: 1023 }),
    fc.constantFrom(-1, 1),
    fc.constantFrom(1, 1.5, 1 + Number.EPSILON, 2 - Number.EPSILON),
  )
  .map(
    ([exponent, sign, mantissa]) =>
      sign * mantissa * 2 ** Math.max(exponent, -1022) * (exponent < -1022 ? 2 ** (exponent + 1022) : 1),
  );
const finite = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: -1000, max: 1000, noNaN: true }),
  hard,
  fc.constantFrom(
    0,
    -0,
    1e308,
    -1e308,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
    2 ** 53,
    2 ** 53 - 1,
    -(2 ** 53),
    0.1,
    0.2,
    -0.3,
    1,
    5e-324,
  ),
);
const any = fc.oneof({ weight: 20, arbitrary: finite }, { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity) });

/** The exact sum as a fraction, rounded by comparing with neighbours: slow, and unlike the code under test. */
function exactSum(values: readonly number[]): number {
  if (values.every((value) => Object.is(value, -0)) && values.length > 0) return -0;
  const infinite = values.filter((value) => !Number.isFinite(value));
  if (infinite.length > 0) return infinite.reduce((a, b) => a + b);
  let exact = 0n;
  for (const value of values) exact += fraction(value);
  if (exact < 0n) return -nearest(-exact);
  return nearest(exact);
}

/** value · 2^1074, by arithmetic and not by bits. */
function fraction(value: number): bigint {
  if (value < 0) return -fraction(-value);
  let exponent = 0;
  let mantissa = value;
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    exponent++;
  }
  return BigInt(mantissa) << BigInt(1074 - exponent);
}

/** Binary search over the bit patterns of the positive doubles. */
function nearest(exact: bigint): number {
  let low = 0n;
  let high = 0x7ff0000000000000n;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (fractionOfBits(middle) <= exact) low = middle;
    else high = middle;
  }
  const below = exact - fractionOfBits(low);
  const above = fractionOfBits(high) - exact;
  if (below < above) return fromBits(low);
  if (below > above) return fromBits(high);
  return fromBits(low % 2n === 0n ? low : high);
}

/** Infinity counts as 2^1024, where the rounding rule has it. */
function fractionOfBits(bits: bigint): bigint {
  return bits === 0x7ff0000000000000n ? 1n << 2098n : fraction(fromBits(bits));
}

function fromBits(bits: bigint): number {
  return new Float64Array(BigUint64Array.of(bits).buffer)[0]!;
}

function stateOf(values: readonly number[]): StateColumn {
  const states = sum().createStates();
  states.startNumber(0, values[0]!);
  for (const value of values.slice(1)) states.addNumber(0, value);
  return states;
}

function encodedState(states: StateColumn, slot = 0): Uint8Array {
  const sink = new ByteSink();
  states.encode(slot, sink);
  return sink.take();
}

/** Sums any tree of groups: each group on its own, its state encoded, added into the group above. */
function stateOfGroups(groups: readonly (readonly number[])[]): StateColumn {
  const states = sum().createStates();
  groups.forEach((group, index) => {
    const encoded = encodedState(stateOf(group));
    if (index === 0) states.startEncoded(0, encoded, 0, encoded.length);
    else states.addEncoded(0, encoded, 0, encoded.length);
  });
  return states;
}

describe('sum', () => {
  it('is the exact sum of doubles, rounded once, ties to even', () => {
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 30 }), (values) => {
        expect(stateOf(values).result(0)).toEqual([exactSum(values)]);
      }),
      { numRuns: 3000 },
    );
  });

  it('gives one result and one encoded state, whatever the order and the grouping', () => {
    const groups = fc.array(fc.array(any, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(groups, fc.infiniteStream(fc.nat()), (values, random) => {
        const flat = values.flat();
        const shuffled = flat.map((value) => ({ value, at: random.next().value })).sort((a, b) => a.at - b.at);
        const wanted = stateOf(flat);
        for (const other of [
          stateOf(shuffled.map(({ value }) => value)),
          stateOfGroups(values),
          stateOfGroups(values.toReversed()),
        ]) {
          expect(other.result(0)).toEqual(wanted.result(0));
          expect(encodedState(other)).toEqual(encodedState(wanted));
        }
        const encoded = encodedState(wanted);
        expect(decodeValue(encoded, 0, encoded.length)).toEqual(wanted.result(0)[0]);
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    { name: 'a tie that a later part breaks', values: [1, 2 ** -53, 2 ** -120], result: 1 + 2 ** -52 },
    { name: 'a tie to even', values: [1, 2 ** -53], result: 1 },
    { name: 'a tie broken downwards', values: [1 + 2 ** -52, 2 ** -53, -(2 ** -120)], result: 1 + 2 ** -52 },
    { name: 'partial sums beyond the range', values: [1e308, 1e308, -1e308, -1e308, 1], result: 1 },
    { name: 'a sum beyond the range', values: [1.7e308, 1.7e308], result: Infinity },
    { name: 'infinities of both signs', values: [Infinity, 1e308, 1e308, -Infinity], result: NaN },
    { name: 'an infinity after a sum beyond the range', values: [1e308, 1e308, -Infinity], result: -Infinity },
    { name: 'only negative zeros', values: [-0, -0], result: -0 },
    { name: 'zeros of both signs', values: [-0, 0], result: 0 },
    { name: 'ten dimes', values: new Array(10).fill(0.1), result: 1 },
    { name: 'integers past the safe ones', values: [2 ** 53, 1, 1, 1, 1], result: 2 ** 53 + 4 },
  ])('is exact for $name', ({ values, result }) => {
    expect(stateOf(values).result(0)).toEqual([result]);
    expect(stateOf(values.toReversed()).result(0)).toEqual([result]);
  });

  it('writes a plain number where one holds the sum', () => {
    const encoded = encodedState(stateOf([0.1, 0.2, 1e300, -1e300, -0.1, -0.2, 7]));
    expect(encoded).toEqual(Uint8Array.of(7));
  });

  it('keeps bigints exact, however large', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt(-(2n ** 300n), 2n ** 300n), { minLength: 1 }), (values) => {
        const states = sum().createStates();
        states.start(0, values[0]);
        for (const value of values.slice(1)) states.add(0, value);
        const encoded = encodedState(states);
        states.addEncoded(0, encoded, 0, encoded.length);
        expect(states.result(0)).toEqual([2n * values.reduce((a, b) => a + b)]);
      }),
    );
  });

  it('refuses numbers and bigints of one key, in every order and form', () => {
    for (const [one, other] of [
      [1, 1n],
      [1n, 1],
      [0.1, 1n],
      [1n, NaN],
      [NaN, 1n],
      [1n, 0.5],
    ]) {
      const states = sum().createStates();
      states.start(0, one);
      expect(() => states.add(0, other)).toThrow(MixedSumError);
      const sink = new ByteSink();
      encodeValue(other, sink);
      expect(() => states.addEncoded(0, sink.bytes, 0, sink.length)).toThrow(MixedSumError);
    }
    const bigints = sum().createStates();
    bigints.start(0, 1n);
    for (const values of [
      [0.1, 0.2],
      [1e308, 1e308],
    ]) {
      const encoded = encodedState(stateOf(values));
      expect(() => bigints.addEncoded(0, encoded, 0, encoded.length)).toThrow(MixedSumError);
    }
  });

  it('refuses what is no number', () => {
    const states = sum().createStates();
    expect(() => states.start(0, '1')).toThrow(UnsummableError);
    states.startNumber(0, 1);
    expect(() => states.add(0, null)).toThrow('this value is of type null');
  });

  it('keeps slots apart, and forgets all of them when cleared', () => {
    const states = sum().createStates();
    const fresh = states.bytesUsed(0);
    for (let round = 0; round < 2; round++) {
      for (let slot = 0; slot < 2000; slot++) states.startNumber(slot, slot);
      for (let slot = 0; slot < 2000; slot += 3) states.addNumber(slot, 0.1);
      for (let slot = 0; slot < 2000; slot += 7) for (const value of [1e200, 1e-200, -1e200]) states.addNumber(slot, value);
      for (let slot = 0; slot < 2000; slot++) {
        const values = [slot, ...(slot % 3 === 0 ? [0.1] : []), ...(slot % 7 === 0 ? [1e-200] : [])];
        expect(states.result(slot)).toEqual([exactSum(values)]);
      }
      states.clear();
      expect(states.bytesUsed(0)).toBe(fresh);
    }
  });

  it('keeps a slot free of what other slots hold', () => {
    const alone = [-0, 0.1, 5n, NaN, 1e308].map((value) => {
      const states = sum().createStates();
      states.start(0, value);
      states.add(0, value);
      return [states.result(0), encodedState(states)];
    });
    const together = sum().createStates();
    for (const [slot, value] of [0.1, 1e308, 1n, -0, 0.1, 5n, NaN, 1e308].entries()) together.start(slot, value);
    for (const [slot, value] of [0.2, 1e308, 1n, -0, 0.1, 5n, NaN, 1e308].entries()) together.add(slot, value);
    expect([3, 4, 5, 6, 7].map((slot) => [together.result(slot), encodedState(together, slot)])).toEqual(alone);
  });

  it('starts a slot anew when it is started again', () => {
    const states = stateOf([1e308, 1e308]);
    states.startNumber(0, 2);
    expect(states.result(0)).toEqual([2]);
    states.start(0, 3n);
    states.start(0, 4n);
    expect(states.result(0)).toEqual([4n]);
  });
});

describe('exact-sum', () => {
  it('rounds units as doubles round, and takes canonical parts apart without a rest', () => {
    fc.assert(
      fc.property(fc.array(finite, { maxLength: 6 }), (values) => {
        const units = values.reduce((total, value) => total + toUnits(value), 0n);
        expect(units).toBe(values.reduce((total, value) => total + fraction(value), 0n));
        expect(roundUnits(units) + 0).toBe(exactSum([0, ...values]) + 0);
        const parts = canonicalParts(units);
        if (parts !== undefined) expect(parts.reduce((total, part) => total + toUnits(part), 0n)).toBe(units);
      }),
      { numRuns: 2000 },
    );
  });
});
