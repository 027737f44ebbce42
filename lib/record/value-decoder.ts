import { roundSumState, roundWideSumState } from '../combine/exact-sum.ts';
import { assert, InvariantError } from '../errors.ts';
import { decodeKey } from './key-decoder.ts';
import { NameCache } from './name-cache.ts';
import { decodeUtf8 } from './utf8.ts';
import {
  EXT_BIGINT,
  EXT_COLLECT_STATE,
  EXT_COUNT_STATE,
  EXT_DATE,
  EXT_MAP,
  EXT_SET,
  EXT_SUM_STATE,
  EXT_TOP_STATE,
  EXT_TYPED_ARRAY,
  EXT_UNDEFINED,
  EXT_WIDE_SUM_STATE,
  stateType,
  TYPED_ARRAYS,
} from './value-format.ts';

/** The value in bytes[start, end). A combiner's state comes as what the user sees of it: a sum rounded once, `top` and `collect` as an array. */
export function decodeValue(bytes: Uint8Array, start: number, end: number): unknown {
  const tag = bytes[start]!;
  if (tag < 0x80) return tag;
  if (tag >= 0xa0 && tag < 0xc0) return decodeUtf8(bytes, start + 1, end);
  if (isNumber(bytes, start)) return decodeNumber(bytes, start);
  position = start;
  const value = decodeNext(bytes);
  assert(position === end, 'an encoded value ends where its bytes end');
  return value;
}

/** The user's values that stand in bytes[start, end), in order: several in a state of `top` or `collect`, else the one that decodeValue gives. */
export function decodeValues(bytes: Uint8Array, start: number, end: number): readonly unknown[] {
  const type = stateType(bytes, start);
  const value = decodeValue(bytes, start, end);
  return type === EXT_TOP_STATE || type === EXT_COLLECT_STATE ? (value as unknown[]) : [value];
}

/** True when a plain number is encoded from `start` on; a sum's state is none. */
export function isNumber(bytes: Uint8Array, start: number): boolean {
  const tag = bytes[start]!;
  return tag < 0x80 || tag >= 0xe0 || (tag >= 0xcb && tag <= 0xd3);
}

/** The plain number encoded from `start` on: see isNumber. */
export function decodeNumber(bytes: Uint8Array, start: number): number {
  const tag = bytes[start]!;
  if (tag < 0x80) return tag;
  if (tag >= 0xe0) return tag - 0x100;
  switch (tag) {
    case 0xcc:
      return bytes[start + 1]!;
    case 0xcd:
      return (bytes[start + 1]! << 8) | bytes[start + 2]!;
    case 0xce:
      return readUint32(bytes, start + 1);
    case 0xcf:
      return readUint32(bytes, start + 1) * 0x100000000 + readUint32(bytes, start + 5);
    case 0xd0:
      return (bytes[start + 1]! << 24) >> 24;
    case 0xd1:
      return ((bytes[start + 1]! << 24) | (bytes[start + 2]! << 16)) >> 16;
    case 0xd2:
      return readUint32(bytes, start + 1) | 0;
    case 0xd3:
      return (readUint32(bytes, start + 1) | 0) * 0x100000000 + readUint32(bytes, start + 5);
    case 0xcb:
      return readFloat64(bytes, start + 1);
    default:
      throw new InvariantError('the encoded value is a number');
  }
}

/** Where decodeNext reads. */
let position = 0;
const scratchBytes = new Uint8Array(8);
const scratch = new DataView(scratchBytes.buffer);

function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function readFloat64(bytes: Uint8Array, at: number): number {
  for (let index = 0; index < 8; index++) scratchBytes[index] = bytes[at + index]!;
  return scratch.getFloat64(0);
}

/** Bytes of a plain number by its tag, from 0xcb on. */
const NUMBER_BYTES = [9, 2, 3, 5, 9, 2, 3, 5, 9];

function decodeNext(bytes: Uint8Array): unknown {
  const at = position;
  const tag = bytes[at]!;
  if (tag < 0x80 || tag >= 0xe0) {
    position = at + 1;
    return tag < 0x80 ? tag : tag - 0x100;
  }
  if (tag < 0x90) return decodePlain(bytes, tag & 0x0f, at + 1);
  if (tag < 0xa0) return decodeArray(bytes, tag & 0x0f, at + 1);
  if (tag < 0xc0) return decodeString(bytes, tag & 0x1f, at + 1);
  if (tag >= 0xcb && tag <= 0xd3) {
    position = at + NUMBER_BYTES[tag - 0xcb]!;
    return decodeNumber(bytes, at);
  }
  switch (tag) {
    case 0xc0:
      position = at + 1;
      return null;
    case 0xc2:
    case 0xc3:
      position = at + 1;
      return tag === 0xc3;
    case 0xc4:
      return decodeBytes(bytes, bytes[at + 1]!, at + 2);
    case 0xc5:
      return decodeBytes(bytes, readUint16(bytes, at + 1), at + 3);
    case 0xc6:
      return decodeBytes(bytes, readUint32(bytes, at + 1), at + 5);
    case 0xc7:
      return decodeExtension(bytes, bytes[at + 2]!, bytes[at + 1]!, at + 3);
    case 0xc8:
      return decodeExtension(bytes, bytes[at + 3]!, readUint16(bytes, at + 1), at + 4);
    case 0xc9:
      return decodeExtension(bytes, bytes[at + 5]!, readUint32(bytes, at + 1), at + 6);
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return decodeExtension(bytes, bytes[at + 1]!, 1 << (tag - 0xd4), at + 2);
    case 0xd9:
      return decodeString(bytes, bytes[at + 1]!, at + 2);
    case 0xda:
      return decodeString(bytes, readUint16(bytes, at + 1), at + 3);
    case 0xdb:
      return decodeString(bytes, readUint32(bytes, at + 1), at + 5);
    case 0xdc:
      return decodeArray(bytes, readUint16(bytes, at + 1), at + 3);
    case 0xdd:
      return decodeArray(bytes, readUint32(bytes, at + 1), at + 5);
    case 0xde:
      return decodePlain(bytes, readUint16(bytes, at + 1), at + 3);
    case 0xdf:
      return decodePlain(bytes, readUint32(bytes, at + 1), at + 5);
    default:
      throw new InvariantError('encoded value bytes are well formed');
  }
}

function readUint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function decodeString(bytes: Uint8Array, length: number, start: number): string {
  position = start + length;
  return decodeUtf8(bytes, start, start + length);
}

function decodeBytes(bytes: Uint8Array, length: number, start: number): Uint8Array {
  position = start + length;
  const copy = new Uint8Array(length);
  copy.set(bytes.subarray(start, start + length));
  return copy;
}

function decodeArray(bytes: Uint8Array, length: number, start: number): unknown[] {
  position = start;
  const array: unknown[] = [];
  for (let index = 0; index < length; index++) array.push(decodeNext(bytes));
  return array;
}

function decodePlain(bytes: Uint8Array, count: number, start: number): object {
  position = start;
  const object: Record<string, unknown> = {};
  for (let index = 0; index < count; index++) {
    const name = decodeName(bytes);
    const value = decodeNext(bytes);
    if (name === '__proto__')
      Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
    else object[name] = value;
  }
  return object;
}

const nameCache = new NameCache();

function decodeName(bytes: Uint8Array): string {
  const at = position;
  const tag = bytes[at]!;
  if (tag < 0xa0 || tag >= 0xc0) return decodeNext(bytes) as string;
  position = at + 1 + (tag & 0x1f);
  return nameCache.get(bytes, at + 1, position);
}

function decodeExtension(bytes: Uint8Array, type: number, length: number, start: number): unknown {
  const end = start + length;
  assert(end <= bytes.length, 'an extension lies inside its bytes');
  position = end;
  switch (type) {
    case EXT_UNDEFINED:
      return undefined;
    case EXT_DATE:
      return new Date(readFloat64(bytes, start));
    case EXT_MAP: {
      const map = new Map<unknown, unknown>();
      for (position = start; position < end; ) map.set(decodeNext(bytes), decodeNext(bytes));
      return map;
    }
    case EXT_SET:
      return new Set(decodeRun(bytes, start, end));
    case EXT_BIGINT:
      return decodeBigint(bytes, start, end);
    case EXT_TYPED_ARRAY: {
      const copy = decodeBytes(bytes, length - 1, start + 1);
      const TypedArray = TYPED_ARRAYS[bytes[start]!];
      assert(TypedArray !== undefined, 'the kind of a typed array is known');
      return new TypedArray(copy.buffer as ArrayBuffer);
    }
    case EXT_SUM_STATE:
      return roundSumState(bytes, start, end);
    case EXT_WIDE_SUM_STATE:
      return roundWideSumState(bytes, start, end);
    case EXT_COUNT_STATE:
      return decodeCount(bytes, start, end);
    case EXT_COLLECT_STATE:
      return decodeRun(bytes, start, end);
    case EXT_TOP_STATE:
      return decodeTop(bytes, start, end);
    default:
      throw new InvariantError(`extension type ${type} is known`);
  }
}

/** Encoded values one after another. */
function decodeRun(bytes: Uint8Array, start: number, end: number): unknown[] {
  const values: unknown[] = [];
  for (position = start; position < end; ) values.push(decodeNext(bytes));
  return values;
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function decodeBigint(bytes: Uint8Array, start: number, end: number): bigint {
  let digits = '0x0';
  for (let at = start + 1; at < end; at++) digits += HEX[bytes[at]!]!;
  return bytes[start] === 1 ? -BigInt(digits) : BigInt(digits);
}

/** The payload of a count's state. */
export function decodeCount(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 8) return readFloat64(bytes, start);
  return length === 4 ? readUint32(bytes, start) : length === 2 ? readUint16(bytes, start) : bytes[start]!;
}

function decodeTop(bytes: Uint8Array, start: number, end: number): unknown[] {
  const values: unknown[] = [];
  for (let at = start; at < end; ) {
    const next = at + 4 + readUint32(bytes, at);
    values.push(decodeKey(bytes, at + 4, next));
    at = next;
  }
  position = end;
  return values;
}
