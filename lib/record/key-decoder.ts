import { assert, InvariantError } from '../errors.ts';
import type { Key } from './key.ts';
import { elementEnd } from './key-element.ts';
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
import { decodeUtf8 } from './utf8.ts';

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

/** Appends elements to `tuple` up to an end mark or `end`; answers where it stopped. */
function decodeElements(bytes: Uint8Array, start: number, end: number, tuple: Key[]): number {
  let at = start;
  while (at < end && bytes[at] !== KEY_TUPLE_END) {
    const next = elementEnd(bytes, at, end);
    assert(next <= end, 'an element lies inside its tuple');
    tuple.push(decodeElement(bytes, at, next));
    at = next;
  }
  return at;
}

function decodeElement(bytes: Uint8Array, at: number, end: number): Key {
  const tag = bytes[at]!;
  if (tag === KEY_TAG_TUPLE) {
    const tuple: Key[] = [];
    decodeElements(bytes, at + 1, end - 1, tuple);
    return tuple;
  }
  if (tag !== KEY_TAG_STRING && tag !== KEY_TAG_BYTES) return decodeFixed(tag, bytes, at + 1, end);
  const text = unescapeText(bytes, at + 1, end - 1);
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
    case KEY_TAG_DATE:
      return new Date(readNumber(bytes, start)) as unknown as Key;
    default:
      throw new InvariantError('encoded key bytes are well formed');
  }
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

function readBigint(bytes: Uint8Array, at: number, end: number): bigint {
  const flip = bytes[at]! < 0x80 ? 0xff : 0;
  const isLong = (bytes[at]! ^ flip) === 0x80 + LONG_BIGINT_BYTES;
  let digits = '0x0';
  for (let index = at + (isLong ? 5 : 1); index < end; index++) digits += HEX[bytes[index]! ^ flip]!;
  return flip === 0 ? BigInt(digits) : -BigInt(digits);
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Never a view, and never a Buffer. */
function copyBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}
