import type { ByteSink } from './byte-sink.ts';

/**
 * Values are msgpack bytes, so that any msgpack library can read the plain ones; part of segment format 1. What msgpack has no form for
 * is an extension. Written here and not by a msgpack library, because those lose -0, undefined and class borders, and cost 11 ms to load.
 */
export const EXT_UNDEFINED = 0x01;
/** Milliseconds as a double; NaN for an invalid date. */
export const EXT_DATE = 0x02;
/** Keys and values in turn. */
export const EXT_MAP = 0x03;
export const EXT_SET = 0x04;
/** 0 or 1 for the sign, then the magnitude, big-endian. */
export const EXT_BIGINT = 0x05;
/** The index in TYPED_ARRAYS, then the elements, little-endian. */
export const EXT_TYPED_ARRAY = 0x06;

/** States of built-in combiners, which no user value can look like. A sum: doubles, largest first, whose exact sum is meant. */
export const EXT_SUM_STATE = 0x20;
/** A sum beyond the double range: sign, then the magnitude in units of 2^-1074. */
export const EXT_WIDE_SUM_STATE = 0x21;
/** A count: 1, 2 or 4 bytes of unsigned integer, or a double. */
export const EXT_COUNT_STATE = 0x22;
/** Encoded values one after another. */
export const EXT_COLLECT_STATE = 0x23;
/** Length (4 bytes) and bytes of `encodeOrder` in turn, best first. */
export const EXT_TOP_STATE = 0x24;

/** The index is part of the format: append only. */
export const TYPED_ARRAYS = [
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;
export const TYPED_ARRAY_NAMES: readonly string[] = TYPED_ARRAYS.map((kind) => kind.name);

/** The type of the combiner's state that starts at `start`, or 0 for a plain value. */
export function stateType(bytes: Uint8Array, start: number): number {
  const tag = bytes[start]!;
  if (tag < 0xc7 || tag > 0xd8 || (tag > 0xc9 && tag < 0xd4)) return 0;
  const type = bytes[start + (tag >= 0xd4 ? 1 : tag - 0xc5 + (tag === 0xc9 ? 1 : 0))]!;
  return type >= EXT_SUM_STATE ? type : 0;
}

/** Where the payload of the state or extension at `start` begins; it goes on to the end of the value. */
export function extensionStart(bytes: Uint8Array, start: number): number {
  const tag = bytes[start]!;
  if (tag >= 0xd4) return start + 2;
  return start + (tag === 0xc7 ? 3 : tag === 0xc8 ? 4 : 6);
}

/** True when a string is encoded from `start` on. */
export function isString(bytes: Uint8Array, start: number): boolean {
  const tag = bytes[start]!;
  return (tag >= 0xa0 && tag < 0xc0) || (tag >= 0xd9 && tag <= 0xdb);
}

/** Where the content of the string or the bytes encoded at `start` begins, which goes on to the end of the value; 0 for another value. */
export function textStart(bytes: Uint8Array, start: number): number {
  const tag = bytes[start]!;
  if (tag >= 0xa0 && tag < 0xc0) return start + 1;
  if (tag >= 0xd9 && tag <= 0xdb) return start + (tag === 0xd9 ? 2 : tag === 0xda ? 3 : 5);
  if (tag >= 0xc4 && tag <= 0xc6) return start + (tag === 0xc4 ? 2 : tag === 0xc5 ? 3 : 5);
  return 0;
}

/** Writes the head of an extension whose payload has `length` bytes: 2 to 6 bytes. */
export function appendExtension(type: number, length: number, sink: ByteSink): void {
  let at = sink.reserve(6);
  const view = sink.view;
  const fixed = length === 1 ? 0xd4 : length === 2 ? 0xd5 : length === 4 ? 0xd6 : length === 8 ? 0xd7 : length === 16 ? 0xd8 : 0;
  if (fixed !== 0) view.setUint8(at++, fixed);
  else if (length < 0x100) {
    view.setUint8(at, 0xc7);
    view.setUint8(at + 1, length);
    at += 2;
  } else if (length < 0x10000) {
    view.setUint8(at, 0xc8);
    view.setUint16(at + 1, length);
    at += 3;
  } else {
    view.setUint8(at, 0xc9);
    view.setUint32(at + 1, length);
    at += 5;
  }
  view.setUint8(at, type);
  sink.length = at + 1;
}

/** Leaves room for the head of an extension whose length nobody knows yet; answers where the payload starts. */
export function openExtension(sink: ByteSink): number {
  sink.reserve(6);
  sink.length += 6;
  return sink.length;
}

export function closeExtension(type: number, start: number, sink: ByteSink): void {
  sink.view.setUint8(start - 6, 0xc9);
  sink.view.setUint32(start - 5, sink.length - start);
  sink.view.setUint8(start - 1, type);
}
