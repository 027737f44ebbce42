import type { ByteSink } from '../record/byte-sink.ts';

/**
 * Exact sums of doubles, in two forms: an expansion (a list of doubles whose exact sum is meant) and, for what leaves the double range, a
 * whole number of units of 2^-1074, the smallest double. Neither depends on the order of additions once it is canonical.
 */

/** Adds `value` to an expansion, smallest part first, in place: Shewchuk's grow-expansion without zeros. Exact while no part overflows. */
export function growExpansion(parts: number[], value: number): void {
  let carry = value;
  let count = 0;
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index]!;
    const sum = carry + part;
    const carried = sum - part;
    const error = carry - carried + (part - (sum - carried));
    if (error !== 0) parts[count++] = error;
    carry = sum;
  }
  parts.length = count;
  if (carry !== 0) parts.push(carry);
}

/** A finite double as a whole number of units. */
export function toUnits(value: number): bigint {
  scratch.setFloat64(0, value);
  const high = scratch.getUint32(0);
  const exponent = (high >>> 20) & 0x7ff;
  const fraction = BigInt(high & 0xfffff) * 0x100000000n + BigInt(scratch.getUint32(4));
  const magnitude = exponent === 0 ? fraction : (fraction + 0x10000000000000n) << BigInt(exponent - 1);
  return value < 0 ? -magnitude : magnitude;
}

/** The double nearest to a number of units, ties to even; infinite beyond the double range. */
export function roundUnits(units: bigint): number {
  const magnitude = units < 0n ? -units : units;
  // 61 to 64 bits with a sticky last one round as the whole number does.
  const shift = Math.max(0, 4 * magnitude.toString(16).length - 64);
  const head = magnitude >> BigInt(shift);
  const sticky = head << BigInt(shift) === magnitude ? head : head | 1n;
  const rounded = scale(Number(sticky), shift - 1074);
  return units < 0n ? -rounded : rounded;
}

/** The one list of doubles, largest first, in which each is the rest's nearest double. Empty for 0; undefined beyond the double range. */
export function canonicalParts(units: bigint): readonly number[] | undefined {
  const parts: number[] = [];
  for (let rest = units; rest !== 0n; ) {
    const part = roundUnits(rest);
    if (!Number.isFinite(part)) return undefined;
    parts.push(part);
    rest -= toUnits(part);
  }
  return parts;
}

/** The payload of a wide sum's state: 0 or 1 for the sign, then the magnitude. */
export function encodeUnits(units: bigint): Uint8Array {
  const digits = (units < 0n ? -units : units).toString(16);
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  const bytes = new Uint8Array(1 + even.length / 2);
  bytes[0] = units < 0n ? 1 : 0;
  for (let at = 1; at < bytes.length; at++) bytes[at] = Number.parseInt(even.slice(2 * at - 2, 2 * at), 16);
  return bytes;
}

export function decodeUnits(bytes: Uint8Array, start: number, end: number): bigint {
  let digits = '0x0';
  for (let at = start + 1; at < end; at++) digits += bytes[at]!.toString(16).padStart(2, '0');
  return bytes[start] === 1 ? -BigInt(digits) : BigInt(digits);
}

export function appendPart(part: number, sink: ByteSink): void {
  const at = sink.reserve(8);
  sink.view.setFloat64(at, part);
  sink.length = at + 8;
}

export function readPart(bytes: Uint8Array, at: number): number {
  for (let index = 0; index < 8; index++) scratchBytes[index] = bytes[at + index]!;
  return scratch.getFloat64(0);
}

/** What a sum's state is, rounded: its largest part, because the parts are canonical. */
export function roundSumState(bytes: Uint8Array, start: number, _end: number): number {
  return readPart(bytes, start);
}

export function roundWideSumState(bytes: Uint8Array, start: number, end: number): number {
  return roundUnits(decodeUnits(bytes, start, end));
}

const scratchBytes = new Uint8Array(8);
const scratch = new DataView(scratchBytes.buffer);

/** value · 2^exponent, for an exact or overflowing product: exponents may lie outside of the double range, so in two steps. */
function scale(value: number, exponent: number): number {
  const half = Math.trunc(exponent / 2);
  return value * powerOfTwo(half) * powerOfTwo(exponent - half);
}

function powerOfTwo(exponent: number): number {
  scratch.setUint32(0, (exponent + 1023) << 20);
  scratch.setUint32(4, 0);
  return scratch.getFloat64(0);
}
