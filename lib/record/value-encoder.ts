import { UnencodableError } from '../errors.ts';
import type { ByteSink } from './byte-sink.ts';
import { escapeUnsafe } from './show-value.ts';
import { Slice } from './slice.ts';
import { appendUtf8 } from './utf8.ts';
import {
  appendExtension,
  closeExtension,
  EXT_BIGINT,
  EXT_DATE,
  EXT_MAP,
  EXT_SET,
  EXT_TYPED_ARRAY,
  EXT_UNDEFINED,
  openExtension,
  TYPED_ARRAY_NAMES,
} from './value-format.ts';

const DEPTH_MAX = 1000;

/**
 * Appends the encoded value. A throw leaves the sink as it was.
 * @throws UnencodableError that says where in the value
 */
export function encodeValue(value: unknown, sink: ByteSink): void {
  if (typeof value === 'number') encodeNumber(value, sink);
  else if (typeof value === 'string') encodeOutermostString(value, sink);
  else encodeOutermost(value, sink);
}

/** The same for any double, without a look at its type. */
export function encodeNumber(value: number, sink: ByteSink): void {
  const at = sink.reserve(9);
  if ((value | 0) === value && (value !== 0 || 1 / value > 0)) sink.length = at + writeInt32(value, at, sink);
  else if (Number.isSafeInteger(value) && value !== 0) sink.length = at + writeSafeInteger(value, at, sink);
  else {
    sink.view.setUint8(at, 0xcb);
    // One NaN for all: which bits a NaN has differs between processors and compilers.
    if (Number.isNaN(value)) sink.view.setBigUint64(at + 1, 0x7ff8000000000000n);
    else sink.view.setFloat64(at + 1, value);
    sink.length = at + 9;
  }
}

/** A place in the value being encoded, for cycles and messages. */
type Place = { readonly parent: Place | undefined; readonly container: object; readonly depth: number; step: string | number };

class Refusal extends Error {
  readonly path: string;

  constructor(place: Place | undefined, reason: string) {
    super(reason);
    let path = '';
    for (let up = place; up !== undefined && path.length < 200; up = up.parent) {
      path =
        (typeof up.step === 'number'
          ? `[${up.step}]`
          : up.step.startsWith('.') || up.step.startsWith('<')
            ? up.step
            : `.${up.step}`) + path;
    }
    this.path = escapeUnsafe(path.replace(/^\./, ''));
  }
}

function encodeOutermost(value: unknown, sink: ByteSink): void {
  const length = sink.length;
  try {
    encodeNext(value, undefined, sink);
  } catch (error) {
    sink.length = length;
    if (!(error instanceof Refusal)) throw error;
    throw new UnencodableError({ what: 'value', reason: `${error.path === '' ? 'it' : error.path} ${error.message}` });
  }
}

function encodeOutermostString(value: string, sink: ByteSink): void {
  const length = sink.length;
  if (encodeString(value, sink)) return;
  sink.length = length;
  throw new UnencodableError({ what: 'value', reason: 'it is a string with a lone surrogate' });
}

function encodeNext(value: unknown, place: Place | undefined, sink: ByteSink): void {
  switch (typeof value) {
    case 'number':
      encodeNumber(value, sink);
      return;
    case 'string':
      if (!encodeString(value, sink)) throw new Refusal(place, 'is a string with a lone surrogate');
      return;
    case 'boolean':
      sink.appendByte(value ? 0xc3 : 0xc2);
      return;
    case 'undefined':
      appendExtension(EXT_UNDEFINED, 1, sink);
      sink.appendByte(0);
      return;
    case 'bigint':
      encodeBigint(value, sink);
      return;
    case 'object':
      if (value === null) sink.appendByte(0xc0);
      else encodeObject(value, place, sink);
      return;
    default:
      throw new Refusal(place, `is a ${typeof value}`);
  }
}

function writeInt32(value: number, at: number, sink: ByteSink): number {
  const view = sink.view;
  if (value >= -32 && value < 0x80) {
    view.setInt8(at, value);
    return 1;
  }
  if (value >= 0) {
    if (value < 0x100) {
      view.setUint16(at, 0xcc00 | value);
      return 2;
    }
    if (value < 0x10000) {
      view.setUint8(at, 0xcd);
      view.setUint16(at + 1, value);
      return 3;
    }
    view.setUint8(at, 0xce);
  } else {
    if (value >= -0x80) {
      view.setUint16(at, 0xd000 | (value & 0xff));
      return 2;
    }
    if (value >= -0x8000) {
      view.setUint8(at, 0xd1);
      view.setInt16(at + 1, value);
      return 3;
    }
    view.setUint8(at, 0xd2);
  }
  view.setInt32(at + 1, value);
  return 5;
}

/** A whole number outside of int32. */
function writeSafeInteger(value: number, at: number, sink: ByteSink): number {
  const view = sink.view;
  if (value > 0 && value < 0x100000000) {
    view.setUint8(at, 0xce);
    view.setUint32(at + 1, value);
    return 5;
  }
  const high = Math.floor(value / 0x100000000);
  view.setUint8(at, value > 0 ? 0xcf : 0xd3);
  view.setInt32(at + 1, high);
  view.setUint32(at + 5, value - high * 0x100000000);
  return 9;
}

function stringHeadBytes(length: number): number {
  return length < 32 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 5;
}

/** The head is placed as if every unit were a byte, and moved when that was wrong. */
function encodeString(text: string, sink: ByteSink): boolean {
  const headBytes = stringHeadBytes(text.length);
  const at = sink.reserve(headBytes);
  sink.length = at + headBytes;
  if (!appendUtf8(text, sink)) return false;
  const length = sink.length - at - headBytes;
  const more = stringHeadBytes(length) - headBytes;
  if (more > 0) {
    sink.reserve(more);
    sink.bytes.copyWithin(at + headBytes + more, at + headBytes, sink.length);
    sink.length += more;
  }
  writeLength(0xa0, 0xd9, length, at, sink);
  return true;
}

function writeLength(fixedTag: number, tag: number, length: number, at: number, sink: ByteSink): void {
  const view = sink.view;
  if (length < 32) view.setUint8(at, fixedTag | length);
  else if (length < 0x100) {
    view.setUint8(at, tag);
    view.setUint8(at + 1, length);
  } else if (length < 0x10000) {
    view.setUint8(at, tag + 1);
    view.setUint16(at + 1, length);
  } else {
    view.setUint8(at, tag + 2);
    view.setUint32(at + 1, length);
  }
}

function encodeBytes(bytes: Uint8Array, start: number, end: number, sink: ByteSink): void {
  const length = end - start;
  const at = sink.reserve(5);
  const view = sink.view;
  if (length < 0x100) {
    view.setUint16(at, 0xc400 | length);
    sink.length = at + 2;
  } else if (length < 0x10000) {
    view.setUint8(at, 0xc5);
    view.setUint16(at + 1, length);
    sink.length = at + 3;
  } else {
    view.setUint8(at, 0xc6);
    view.setUint32(at + 1, length);
    sink.length = at + 5;
  }
  sink.append(bytes, start, end);
}

function encodeBigint(value: bigint, sink: ByteSink): void {
  const digits = (value < 0n ? -value : value).toString(16);
  const count = (digits.length + 1) >> 1;
  appendExtension(EXT_BIGINT, count + 1, sink);
  let at = sink.reserve(count + 1);
  const bytes = sink.bytes;
  bytes[at++] = value < 0n ? 1 : 0;
  const first = digits.length - 2 * count; // -1 when the first byte has one digit.
  for (let index = 0; index < count; index++) {
    const digit = first + 2 * index;
    bytes[at++] = Number.parseInt(digits.slice(Math.max(0, digit), digit + 2), 16);
  }
  sink.length = at;
}

function encodeObject(value: object, parent: Place | undefined, sink: ByteSink): void {
  if (value instanceof Slice) {
    encodeBytes(value.bytes, value.byteStart, value.byteEnd, sink);
    return;
  }
  if (ArrayBuffer.isView(value)) {
    encodeView(value, parent, sink);
    return;
  }
  const depth = parent === undefined ? 1 : parent.depth + 1;
  for (let up = parent; up !== undefined; up = up.parent) {
    if (up.container === value) throw new Refusal(parent, 'is a value that holds itself');
  }
  if (depth > DEPTH_MAX) throw new Refusal(parent, `is nested deeper than ${DEPTH_MAX}`);
  const place: Place = { parent, container: value, depth, step: 0 };
  if (Array.isArray(value)) {
    encodeArray(value, place, sink);
    return;
  }
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null || isPlainPrototype(prototype)) encodePlain(value, place, sink);
  else encodeBuiltin(value, prototype, place, sink);
}

/** Object.prototype of another realm, as test runners have them. */
function isPlainPrototype(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty');
}

function encodeArray(array: readonly unknown[], place: Place, sink: ByteSink): void {
  const length = array.length;
  const at = sink.reserve(5);
  if (length < 16) {
    sink.view.setUint8(at, 0x90 | length);
    sink.length = at + 1;
  } else if (length < 0x10000) {
    sink.view.setUint8(at, 0xdc);
    sink.view.setUint16(at + 1, length);
    sink.length = at + 3;
  } else {
    sink.view.setUint8(at, 0xdd);
    sink.view.setUint32(at + 1, length);
    sink.length = at + 5;
  }
  for (let index = 0; index < length; index++) {
    const element = array[index];
    place.step = index;
    if (element === undefined && !(index in array)) throw new Refusal(place, 'is a hole');
    encodeNext(element, place, sink);
  }
}

function encodePlain(value: object, place: Place, sink: ByteSink): void {
  const names = Object.keys(value);
  if (Object.getOwnPropertySymbols(value).length > 0) throw new Refusal(place.parent, 'has a symbol as a property name');
  const at = sink.reserve(5);
  if (names.length < 16) {
    sink.view.setUint8(at, 0x80 | names.length);
    sink.length = at + 1;
  } else if (names.length < 0x10000) {
    sink.view.setUint8(at, 0xde);
    sink.view.setUint16(at + 1, names.length);
    sink.length = at + 3;
  } else {
    sink.view.setUint8(at, 0xdf);
    sink.view.setUint32(at + 1, names.length);
    sink.length = at + 5;
  }
  for (let index = 0; index < names.length; index++) {
    const name = names[index]!;
    place.step = name;
    if (!encodeString(name, sink)) throw new Refusal(place, 'has a lone surrogate in its name');
    encodeNext((value as Record<string, unknown>)[name], place, sink);
  }
}

/** Date, Map and Set themselves: a subclass would not come back as one. */
function encodeBuiltin(value: object, prototype: object, place: Place, sink: ByteSink): void {
  const isDirect = Object.getPrototypeOf(Object.getPrototypeOf(prototype) ?? Object.prototype) === null;
  const type = isDirect ? Object.prototype.toString.call(value) : '';
  if (type === '[object Date]') {
    appendExtension(EXT_DATE, 8, sink);
    const at = sink.reserve(8);
    sink.view.setFloat64(at, Date.prototype.getTime.call(value));
    sink.length = at + 8;
  } else if (type === '[object Map]') {
    const start = openExtension(sink);
    let index = 0;
    for (const [key, item] of value as Map<unknown, unknown>) {
      place.step = `<key ${index}>`;
      encodeNext(key, place, sink);
      place.step = `<value ${index++}>`;
      encodeNext(item, place, sink);
    }
    closeExtension(EXT_MAP, start, sink);
  } else if (type === '[object Set]') {
    const start = openExtension(sink);
    let index = 0;
    for (const item of value as Set<unknown>) {
      place.step = `<item ${index++}>`;
      encodeNext(item, place, sink);
    }
    closeExtension(EXT_SET, start, sink);
  } else {
    throw new Refusal(
      place.parent,
      `is an object of class ${prototype.constructor?.name || '(unnamed)'}: only plain data is kept exactly`,
    );
  }
}

function encodeView(view: ArrayBufferView, place: Place | undefined, sink: ByteSink): void {
  if (view instanceof Uint8Array) {
    encodeBytes(view, 0, view.length, sink);
    return;
  }
  const name: string = Object.prototype.toString.call(view).slice(8, -1);
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const kind = TYPED_ARRAY_NAMES.indexOf(name);
  if (name === 'Uint8Array') {
    encodeBytes(bytes, 0, bytes.length, sink);
    return;
  }
  if (kind < 0) throw new Refusal(place, `is a ${name}`);
  appendExtension(EXT_TYPED_ARRAY, bytes.length + 1, sink);
  sink.appendByte(kind);
  sink.append(bytes, 0, bytes.length);
}
