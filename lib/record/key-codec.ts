import { assert, InvariantError, RefoldError, UnencodableError } from '../errors.ts';
import type { ByteSink } from './byte-sink.ts';
import type { Key } from './key.ts';
import { showValue } from './show-value.ts';
import { Slice } from './slice.ts';
import { appendUtf8, decodeUtf8 } from './utf8.ts';

/**
 * The first byte of an encoded key, part of segment format 1. Comparing encoded keys byte by byte, shorter first, is the order of keys:
 * null < boolean < number < bigint < string < bytes < tuple. A string or bytes key is its tag and its raw bytes: nothing ends it.
 * Inside a tuple a 00 byte of a string or of bytes is 00 FF and 00 ends it; a nested tuple ends in 01, below every tag; the outermost
 * tuple has no end, so that its first elements are a prefix of its bytes.
 */
export const KEY_TAG_NULL = 0x02;
export const KEY_TAG_FALSE = 0x03;
export const KEY_TAG_TRUE = 0x04;
/** Then the eight bytes of the double, big-endian, so flipped that they sort. */
export const KEY_TAG_NUMBER = 0x05;
/** Then sign and length in one byte, then the magnitude. */
export const KEY_TAG_BIGINT = 0x06;
export const KEY_TAG_STRING = 0x07;
export const KEY_TAG_BYTES = 0x08;
export const KEY_TAG_TUPLE = 0x09;
/** No key: only `encodeOrder` writes it. Then the milliseconds as a number. */
const TAG_DATE = 0x0a;
const TUPLE_END = 0x01;
const TUPLE_DEPTH_MAX = 100;
const PATH_LENGTH_MAX = 100;

/**
 * Appends the encoded key. A throw leaves the sink as it was.
 * @throws UnencodableError that says where in the key
 */
export function encodeKey(key: unknown, sink: ByteSink): void {
  encodeOutermost(key, sink, false);
}

/** The same order for values: keys, and besides dates, after all others. What `min`, `max` and `top` compare. */
export function encodeOrder(value: unknown, sink: ByteSink): void {
  encodeOutermost(value, sink, true);
}

/** The key in bytes[start, end), or the value that `encodeOrder` wrote. Bytes come as a fresh copy. */
export function decodeKey(bytes: Uint8Array, start: number, end: number): Key {
  const tag = bytes[start]!;
  switch (tag) {
    case KEY_TAG_STRING:
      return decodeUtf8(bytes, start + 1, end);
    case KEY_TAG_BYTES:
      return copyBytes(bytes, start + 1, end);
    case KEY_TAG_TUPLE: {
      const tuple: Key[] = [];
      const close = decodeElements(bytes, start + 1, end, tuple);
      assert(close === end, 'an encoded tuple ends where its bytes end');
      return tuple;
    }
    default:
      return decodeFixed(tag, bytes, start + 1, end);
  }
}

/**
 * Where the first `elements` elements of a tuple key end: bytes[start, answer) is itself an encoded tuple.
 * @throws ShortKeyError when the key is no tuple, or has fewer elements
 */
export function keyPrefixEnd(bytes: Uint8Array, start: number, end: number, elements: number): number {
  if (bytes[start] !== KEY_TAG_TUPLE) throw new ShortKeyError({ key: showKey(bytes, start, end), groupBy: elements });
  let at = start + 1;
  for (let element = 0; element < elements; element++) {
    if (at >= end) throw new ShortKeyError({ key: showKey(bytes, start, end), groupBy: elements });
    at = skipElement(bytes, at, end);
  }
  return at;
}

/** Negative, 0 or positive, as key a lies before, at or behind key b. */
export function compareKeys(
  aBytes: Uint8Array,
  aStart: number,
  aEnd: number,
  bBytes: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const aLength = aEnd - aStart;
  const bLength = bEnd - bStart;
  const common = Math.min(aLength, bLength);
  for (let index = 0; index < common; index++) {
    const difference = aBytes[aStart + index]! - bBytes[bStart + index]!;
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}

/**
 * Unsigned 32 bits of bytes[start, end): FNV-1a, then a mixing step that spreads it over low and high bits alike.
 * Part of segment format 1: changing it moves keys to other partitions.
 */
export function hashKey(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** One encoded key for a message: as JSON would show it, control characters escaped, cut to 100 characters. */
export function showKey(bytes: Uint8Array, start: number, end: number): string {
  return showValue(decodeKey(bytes, start, end));
}

/** `groupBy` met a key without that many elements. */
export class ShortKeyError extends RefoldError {
  override readonly name = 'ShortKeyError';
  readonly code = 'REFOLD_SHORT_KEY';
  readonly retryable = false;
  readonly hint = 'Emit tuple keys with at least groupBy elements, or lower groupBy.';
  constructor(values: { key: string; groupBy: number }, options?: ErrorOptions) {
    super(`The key ${values.key} is no tuple of ${values.groupBy} or more elements, which groupBy asks for.`, values, options);
  }
}

function encodeOutermost(key: unknown, sink: ByteSink, dates: boolean): void {
  const length = sink.length;
  try {
    if (typeof key === 'object' && Array.isArray(key)) {
      sink.appendByte(KEY_TAG_TUPLE);
      encodeElements(key, 1, dates, sink);
    } else {
      encodeElement(key, 0, dates, sink);
    }
  } catch (error) {
    sink.length = length;
    if (!(error instanceof Refusal)) throw error;
    throw new UnencodableError({
      what: dates ? 'value' : 'key',
      reason: `${error.path === '' ? 'it' : error.path} ${error.message}`,
    });
  }
}

/** Where and why not; the path grows on the way out. */
class Refusal extends Error {
  path = '';
}

function encodeElements(tuple: readonly unknown[], depth: number, dates: boolean, sink: ByteSink): void {
  if (depth > TUPLE_DEPTH_MAX) throw new Refusal(`is nested deeper than ${TUPLE_DEPTH_MAX} tuples, or holds itself`);
  let index = 0;
  try {
    for (; index < tuple.length; index++) encodeElement(tuple[index], depth, dates, sink);
  } catch (error) {
    if (error instanceof Refusal) error.path = `[${index}]${error.path}`.slice(0, PATH_LENGTH_MAX);
    throw error;
  }
}

/** `depth` 0 is the key itself, which nothing ends. */
function encodeElement(key: unknown, depth: number, dates: boolean, sink: ByteSink): void {
  if (typeof key === 'string') appendString(key, depth, sink);
  else if (typeof key === 'number') appendNumber(KEY_TAG_NUMBER, key, sink);
  else if (key === null) sink.appendByte(KEY_TAG_NULL);
  else if (typeof key === 'boolean') sink.appendByte(key ? KEY_TAG_TRUE : KEY_TAG_FALSE);
  else if (typeof key === 'bigint') appendBigint(key, sink);
  else if (key instanceof Slice) appendBytes(key.bytes, key.byteStart, key.byteEnd, depth, sink);
  else if (key instanceof Uint8Array) appendBytes(key, 0, key.length, depth, sink);
  else if (Array.isArray(key)) {
    sink.appendByte(KEY_TAG_TUPLE);
    encodeElements(key, depth + 1, dates, sink);
    sink.appendByte(TUPLE_END);
  } else if (dates && key instanceof Date) appendNumber(TAG_DATE, key.getTime(), sink);
  else throw new Refusal(`is ${describe(key)}`);
}

function appendNumber(tag: number, value: number, sink: ByteSink): void {
  if (Number.isNaN(value))
    throw new Refusal(`is ${tag === TAG_DATE ? 'an invalid date' : 'NaN'}, which has no place in an order`);
  const at = sink.reserve(9);
  const view = sink.view;
  view.setUint8(at, tag);
  view.setFloat64(at + 1, value + 0); // -0 + 0 is 0.
  const high = view.getInt32(at + 1);
  if (high < 0) {
    view.setInt32(at + 1, ~high);
    view.setInt32(at + 5, ~view.getInt32(at + 5));
  } else {
    view.setInt32(at + 1, high ^ 0x80000000);
  }
  sink.length = at + 9;
}

function readNumber(bytes: Uint8Array, start: number): number {
  for (let index = 0; index < 8; index++) scratchBytes[index] = bytes[start + index]!;
  const high = scratch.getInt32(0);
  if (high < 0) {
    scratch.setInt32(0, high ^ 0x80000000);
  } else {
    scratch.setInt32(0, ~high);
    scratch.setInt32(4, ~scratch.getInt32(4));
  }
  return scratch.getFloat64(0);
}

const scratchBytes = new Uint8Array(8);
const scratch = new DataView(scratchBytes.buffer);

/** Lengths from here on follow as four bytes. */
const LONG_BIGINT_BYTES = 0x7e;

/** 80 + length of the magnitude, or FE and four bytes of length; then the magnitude. A negative number has every byte flipped. */
function appendBigint(value: bigint, sink: ByteSink): void {
  const flip = value < 0n ? 0xff : 0;
  const digits = value === 0n ? '' : (value < 0n ? -value : value).toString(16);
  const count = (digits.length + 1) >> 1;
  const isLong = count >= LONG_BIGINT_BYTES;
  let at = sink.reserve(count + 6);
  const bytes = sink.bytes;
  bytes[at++] = KEY_TAG_BIGINT;
  bytes[at++] = flip ^ (0x80 + (isLong ? LONG_BIGINT_BYTES : count));
  for (let shift = isLong ? 24 : -1; shift >= 0; shift -= 8) bytes[at++] = flip ^ ((count >>> shift) & 0xff);
  const first = digits.length - 2 * count; // -1 when the first byte has one digit.
  for (let index = 0; index < count; index++) {
    const digit = first + 2 * index;
    bytes[at++] = flip ^ Number.parseInt(digits.slice(Math.max(0, digit), digit + 2), 16);
  }
  sink.length = at;
}

/** Where the number, whose sign and length lie at `at`, ends. */
function bigintEnd(bytes: Uint8Array, at: number): number {
  const flip = bytes[at]! < 0x80 ? 0xff : 0;
  const count = (bytes[at]! ^ flip) - 0x80;
  if (count < LONG_BIGINT_BYTES) return at + 1 + count;
  let longCount = 0;
  for (let index = 1; index <= 4; index++) longCount = longCount * 256 + (bytes[at + index]! ^ flip);
  return at + 5 + longCount;
}

function readBigint(bytes: Uint8Array, at: number, end: number): bigint {
  const flip = bytes[at]! < 0x80 ? 0xff : 0;
  const isLong = (bytes[at]! ^ flip) === 0x80 + LONG_BIGINT_BYTES;
  let digits = '0x0';
  for (let index = at + (isLong ? 5 : 1); index < end; index++) digits += HEX[bytes[index]! ^ flip]!;
  return flip === 0 ? BigInt(digits) : -BigInt(digits);
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function appendString(text: string, depth: number, sink: ByteSink): void {
  sink.appendByte(KEY_TAG_STRING);
  const start = sink.length;
  if (!appendUtf8(text, sink)) throw new Refusal('is a string with a lone surrogate');
  if (depth > 0) endText(start, sink);
}

function appendBytes(bytes: Uint8Array, from: number, to: number, depth: number, sink: ByteSink): void {
  sink.appendByte(KEY_TAG_BYTES);
  const start = sink.length;
  sink.append(bytes, from, to);
  if (depth > 0) endText(start, sink);
}

/** Escapes the 00 bytes of what was written from `start` on, backwards in place, and ends it. */
function endText(start: number, sink: ByteSink): void {
  let zeros = 0;
  for (let at = start; at < sink.length; at++) if (sink.bytes[at] === 0) zeros++;
  sink.reserve(zeros + 1);
  const bytes = sink.bytes;
  let to = sink.length + zeros;
  bytes[to] = 0;
  for (let from = sink.length - 1; to > from + 1; from--) {
    if (bytes[from] === 0) bytes[--to] = 0xff;
    bytes[--to] = bytes[from]!;
  }
  sink.length += zeros + 1;
}

/** Where the 00 that ends the string or the bytes from `at` on lies. */
function textEnd(bytes: Uint8Array, at: number, end: number): number {
  for (let index = at; index < end; index++) {
    if (bytes[index] !== 0) continue;
    if (bytes[index + 1] !== 0xff || index + 1 >= end) return index;
    index++;
  }
  throw new InvariantError('encoded key bytes are well formed');
}

/** Where the element at `at` ends. */
function skipElement(bytes: Uint8Array, at: number, end: number): number {
  switch (bytes[at]) {
    case KEY_TAG_NUMBER:
    case TAG_DATE:
      return at + 9;
    case KEY_TAG_BIGINT:
      return bigintEnd(bytes, at + 1);
    case KEY_TAG_STRING:
    case KEY_TAG_BYTES:
      return textEnd(bytes, at + 1, end) + 1;
    case KEY_TAG_TUPLE: {
      let inner = at + 1;
      while (bytes[inner] !== TUPLE_END) {
        assert(inner < end, 'a nested tuple is ended');
        inner = skipElement(bytes, inner, end);
      }
      return inner + 1;
    }
    default:
      return at + 1;
  }
}

/** Appends elements to `tuple` up to an end mark or `end`; answers where it stopped. */
function decodeElements(bytes: Uint8Array, start: number, end: number, tuple: Key[]): number {
  let at = start;
  while (at < end && bytes[at] !== TUPLE_END) {
    const elementEnd = skipElement(bytes, at, end);
    assert(elementEnd <= end, 'an element lies inside its tuple');
    tuple.push(decodeElement(bytes, at, elementEnd));
    at = elementEnd;
  }
  return at;
}

function decodeElement(bytes: Uint8Array, at: number, elementEnd: number): Key {
  const tag = bytes[at]!;
  if (tag === KEY_TAG_TUPLE) {
    const tuple: Key[] = [];
    decodeElements(bytes, at + 1, elementEnd - 1, tuple);
    return tuple;
  }
  if (tag !== KEY_TAG_STRING && tag !== KEY_TAG_BYTES) return decodeFixed(tag, bytes, at + 1, elementEnd);
  const text = unescapeText(bytes, at + 1, elementEnd - 1);
  return tag === KEY_TAG_BYTES ? text : decodeUtf8(text, 0, text.length);
}

function unescapeText(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const text = copyBytes(bytes, start, end);
  if (!text.includes(0)) return text;
  let length = 0;
  for (let at = start; at < end; at++) {
    text[length++] = bytes[at]!;
    if (bytes[at] === 0) at++;
  }
  return text.slice(0, length);
}

/** The elements that need no end mark. A date comes from `encodeOrder` only, so that a Key stays a Key. */
function decodeFixed(tag: number, bytes: Uint8Array, start: number, end: number): Key {
  switch (tag) {
    case KEY_TAG_NULL:
      return null;
    case KEY_TAG_FALSE:
      return false;
    case KEY_TAG_TRUE:
      return true;
    case KEY_TAG_NUMBER:
      assert(end - start === 8, 'a number has eight bytes');
      return readNumber(bytes, start);
    case KEY_TAG_BIGINT:
      return readBigint(bytes, start, end);
    case TAG_DATE:
      return new Date(readNumber(bytes, start)) as unknown as Key;
    default:
      throw new InvariantError('encoded key bytes are well formed');
  }
}

/** Never a view, and never a Buffer. */
function copyBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}

function describe(key: unknown): string {
  if (key === undefined) return 'undefined';
  if (typeof key === 'function' || typeof key === 'symbol') return `a ${typeof key}`;
  const name = Object.getPrototypeOf(key)?.constructor?.name;
  return name === undefined || name === 'Object' ? 'a plain object' : `a ${name}`;
}
