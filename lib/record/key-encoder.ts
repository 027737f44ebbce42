import { UnencodableError } from '../errors.ts';
import type { ByteSink } from './byte-sink.ts';
import {
  KEY_TAG_BIGINT,
  KEY_TAG_BYTES,
  KEY_TAG_DATE,
  KEY_TAG_FALSE,
  KEY_TAG_NULL,
  KEY_TAG_NUMBER,
  KEY_TAG_STRING,
  KEY_TAG_TRUE,
  KEY_TAG_TUPLE,
  KEY_TUPLE_END,
  LONG_BIGINT_BYTES,
} from './key-format.ts';
import { Slice } from './slice.ts';
import { appendUtf8 } from './utf8.ts';

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
    sink.appendByte(KEY_TUPLE_END);
  } else if (dates && key instanceof Date) appendNumber(KEY_TAG_DATE, key.getTime(), sink);
  else throw new Refusal(`is ${describe(key)}`);
}

function appendNumber(tag: number, value: number, sink: ByteSink): void {
  if (Number.isNaN(value))
    throw new Refusal(`is ${tag === KEY_TAG_DATE ? 'an invalid date' : 'NaN'}, which has no place in an order`);
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

function describe(key: unknown): string {
  if (key === undefined) return 'undefined';
  if (typeof key === 'function' || typeof key === 'symbol') return `a ${typeof key}`;
  const name = Object.getPrototypeOf(key)?.constructor?.name;
  return name === undefined || name === 'Object' ? 'a plain object' : `a ${name}`;
}

const TUPLE_DEPTH_MAX = 100;
const PATH_LENGTH_MAX = 100;
