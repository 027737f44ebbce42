import { assert, InvariantError } from '../errors.ts';
import {
  KEY_TAG_BIGINT,
  KEY_TAG_BYTES,
  KEY_TAG_DATE,
  KEY_TAG_NUMBER,
  KEY_TAG_STRING,
  KEY_TAG_TUPLE,
  KEY_TUPLE_END,
  LONG_BIGINT_BYTES,
} from './key-format.ts';

/** Where the element of a tuple key that starts at `at` ends, with its end mark. `end` is where the key ends. */
export function elementEnd(bytes: Uint8Array, at: number, end: number): number {
  switch (bytes[at]) {
    case KEY_TAG_NUMBER:
    case KEY_TAG_DATE:
      return at + 9;
    case KEY_TAG_BIGINT:
      return bigintEnd(bytes, at + 1);
    case KEY_TAG_STRING:
    case KEY_TAG_BYTES:
      return textEnd(bytes, at + 1, end) + 1;
    case KEY_TAG_TUPLE: {
      let inner = at + 1;
      while (bytes[inner] !== KEY_TUPLE_END) {
        assert(inner < end, 'a nested tuple is ended');
        inner = elementEnd(bytes, inner, end);
      }
      return inner + 1;
    }
    default:
      return at + 1;
  }
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

/** Where the 00 that ends the string or the bytes from `at` on lies. */
function textEnd(bytes: Uint8Array, at: number, end: number): number {
  for (let index = at; index < end; index++) {
    if (bytes[index] !== 0) continue;
    if (bytes[index + 1] !== 0xff || index + 1 >= end) return index;
    index++;
  }
  throw new InvariantError('encoded key bytes are well formed');
}
