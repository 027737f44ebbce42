import { decodeLatin1 } from './latin1.ts';

/**
 * The number that bytes[start, end) spell in decimal, exactly as `Number()` reads it; NaN when they spell none. Sign, point and exponent are
 * taken, and `Infinity`; blanks, hexadecimal and the empty string are not.
 * Up to 15 digits with a small power of ten are put together here: a whole number below 2^53 times or by a power of ten up to 10^22 is
 * one correctly rounded operation, because both are exact doubles. Everything else goes through a string, at about ten times the cost.
 */
export function parseDecimal(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const sign = bytes[at];
  if (at < end && (sign === MINUS || sign === PLUS)) at += 1;
  let digits = 0;
  let decimals = 0;
  let mantissa = 0;
  let isAfterPoint = false;
  for (; at < end; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      digits += 1;
      if (isAfterPoint) decimals += 1;
    } else if (digit === POINT - ZERO && !isAfterPoint) {
      isAfterPoint = true;
    } else {
      return parseSlowly(bytes, start, end);
    }
  }
  if (digits === 0) return Number.NaN;
  if (digits > DIGITS_MAX) return parseSlowly(bytes, start, end);
  const value = decimals === 0 ? mantissa : mantissa / POWERS_OF_TEN[decimals]!;
  return sign === MINUS ? -value : value;
}

const ZERO = 0x30;
const POINT = 0x2e;
const PLUS = 0x2b;
const MINUS = 0x2d;
/** 10^15 < 2^53, so a mantissa of so many digits is exact. */
const DIGITS_MAX = 15;
const POWERS_OF_TEN = Float64Array.from({ length: DIGITS_MAX + 1 }, (_, power) => Number(`1e${power}`));
const DECIMAL = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|Infinity)$/;

function parseSlowly(bytes: Uint8Array, start: number, end: number): number {
  const text = decodeLatin1(bytes, start, end);
  return DECIMAL.test(text) ? Number(text) : Number.NaN;
}
