import { Buffer, isUtf8 } from 'node:buffer';
import type { ByteSink } from './byte-sink.ts';
import { appendAscii, appendNumber } from './number-text.ts';
import { Slice } from './slice.ts';
import { appendUtf8 } from './utf8.ts';
import { UnwritableValue } from './writer.ts';

const DEPTH_MAX = 1000;

/**
 * Appends a value as JSON. What JSON lacks: a bigint is a string of digits; NaN and the infinities are the strings of their names; a date is
 * a string in ISO 8601; a Map is an array of [key, value] arrays, a Set and a typed array are arrays; bytes are a string where they are
 * valid UTF-8, else { "base64": … }. An undefined property is left out, an undefined element is null.
 * @throws UnwritableValue for functions, symbols, class instances, cycles, lone surrogates, invalid dates
 */
export function appendJson(value: unknown, sink: ByteSink, depth = 0): void {
  switch (typeof value) {
    case 'string':
      appendJsonString(value, sink);
      return;
    case 'number':
      if (Number.isFinite(value)) appendNumber(value, sink);
      else appendAscii(`"${value}"`, sink);
      return;
    case 'boolean':
      appendAscii(value ? 'true' : 'false', sink);
      return;
    case 'bigint':
      appendAscii(`"${value}"`, sink);
      return;
    case 'undefined':
      appendAscii('null', sink);
      return;
    case 'object':
      if (value === null) appendAscii('null', sink);
      else appendObject(value, sink, depth);
      return;
    default:
      throw new UnwritableValue(`it holds a ${typeof value}`);
  }
}

/** Appends bytes of valid UTF-8 as a JSON string. */
export function appendJsonText(bytes: Uint8Array, start: number, end: number, sink: ByteSink): void {
  sink.appendByte(QUOTE);
  const from = sink.length;
  sink.append(bytes, start, end);
  escapeJson(from, sink);
  sink.appendByte(QUOTE);
}

/** Appends bytes of any kind as JSON. */
export function appendJsonBytes(bytes: Uint8Array, start: number, end: number, sink: ByteSink): void {
  let at = start;
  while (at < end && bytes[at]! < 0x80) at++;
  if (at === end || isUtf8(bytes.subarray(start, end))) appendJsonText(bytes, start, end, sink);
  else appendAscii(`{"base64":"${Buffer.from(bytes.subarray(start, end)).toString('base64')}"}`, sink);
}

/** A date in ISO 8601, in UTC with milliseconds. @throws UnwritableValue */
export function isoDate(date: Date): string {
  if (Number.isNaN(date.getTime())) throw new UnwritableValue('it holds an invalid date');
  return date.toISOString();
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function appendJsonString(text: string, sink: ByteSink): void {
  sink.appendByte(QUOTE);
  const from = sink.length;
  if (!appendUtf8(text, sink)) throw new UnwritableValue('it holds a string with a lone surrogate');
  escapeJson(from, sink);
  sink.appendByte(QUOTE);
}

/** Escapes in place what was written from `from` on, when anything needs it. */
function escapeJson(from: number, sink: ByteSink): void {
  let more = 0;
  for (let at = from; at < sink.length; at++) {
    const byte = sink.bytes[at]!;
    if (byte < 0x20) more += SHORT_ESCAPES[byte] === 0 ? 5 : 1;
    else if (byte === QUOTE || byte === BACKSLASH) more++;
  }
  if (more === 0) return;
  sink.reserve(more);
  const bytes = sink.bytes;
  let to = sink.length + more;
  for (let at = sink.length - 1; to > at + 1; at--) {
    const byte = bytes[at]!;
    if (byte >= 0x20) {
      bytes[--to] = byte;
      if (byte === QUOTE || byte === BACKSLASH) bytes[--to] = BACKSLASH;
    } else if (SHORT_ESCAPES[byte] !== 0) {
      bytes[--to] = SHORT_ESCAPES[byte]!;
      bytes[--to] = BACKSLASH;
    } else {
      bytes[--to] = HEX_DIGITS[byte & 0x0f]!;
      bytes[--to] = HEX_DIGITS[byte >> 4]!;
      bytes[--to] = 0x30;
      bytes[--to] = 0x30;
      bytes[--to] = 0x75;
      bytes[--to] = BACKSLASH;
    }
  }
  sink.length += more;
}

/** The letter after the backslash, by control character, or 0. */
const SHORT_ESCAPES = new Uint8Array(32);
for (const [byte, letter] of [
  [8, 'b'],
  [9, 't'],
  [10, 'n'],
  [12, 'f'],
  [13, 'r'],
] as const) {
  SHORT_ESCAPES[byte] = letter.charCodeAt(0);
}
const HEX_DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

function appendObject(value: object, sink: ByteSink, depth: number): void {
  if (depth >= DEPTH_MAX) throw new UnwritableValue(`it is nested deeper than ${DEPTH_MAX}, or holds itself`);
  if (value instanceof Slice) appendJsonBytes(value.bytes, value.byteStart, value.byteEnd, sink);
  else if (value instanceof Uint8Array) appendJsonBytes(value, 0, value.length, sink);
  else if (Array.isArray(value) || value instanceof Set) appendList(value, sink, depth);
  else if (value instanceof Map) appendList(value, sink, depth);
  else if (value instanceof Date) appendAscii(`"${isoDate(value)}"`, sink);
  else if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    appendList(value as unknown as Iterable<unknown>, sink, depth);
  else if (isPlain(value)) appendPlain(value as Record<string, unknown>, sink, depth);
  else throw new UnwritableValue(`it holds an object of class ${value.constructor?.name || '(unnamed)'}`);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

function appendList(items: Iterable<unknown>, sink: ByteSink, depth: number): void {
  sink.appendByte(0x5b);
  let isFirst = true;
  for (const item of items) {
    if (!isFirst) sink.appendByte(0x2c);
    isFirst = false;
    appendJson(item, sink, depth + 1);
  }
  sink.appendByte(0x5d);
}

function appendPlain(object: Record<string, unknown>, sink: ByteSink, depth: number): void {
  sink.appendByte(0x7b);
  let isFirst = true;
  for (const name of Object.keys(object)) {
    const value = object[name];
    if (value === undefined) continue;
    if (!isFirst) sink.appendByte(0x2c);
    isFirst = false;
    appendJsonString(name, sink);
    sink.appendByte(0x3a);
    appendJson(value, sink, depth + 1);
  }
  sink.appendByte(0x7d);
}
