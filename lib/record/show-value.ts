import { Slice } from './slice.ts';
import { decodeUtf8 } from './utf8.ts';

/** Any key or value for a message: as JSON would show it, control characters escaped, cut to 100 characters. Never throws. */
export function showValue(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value, showPart) ?? String(value);
  } catch {
    text = Object.prototype.toString.call(value);
  }
  const safe = escapeUnsafe(text);
  return safe.length > SHOWN_LENGTH_MAX ? `${safe.slice(0, SHOWN_LENGTH_MAX - 1)}…` : safe;
}

/** Control, format and separator characters and lone surrogates, which could play tricks on a terminal, as `\u{…}`. */
export function escapeUnsafe(text: string): string {
  return text.replace(UNSAFE, (point) => `\\u{${point.codePointAt(0)!.toString(16)}}`);
}

const SHOWN_LENGTH_MAX = 100;
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

function showPart(_name: string, part: unknown): unknown {
  if (typeof part === 'bigint') return `${part}n`;
  if (typeof part === 'number' && !Number.isFinite(part)) return String(part);
  if (typeof part === 'function' || typeof part === 'symbol') return String(part).slice(0, SHOWN_LENGTH_MAX);
  if (part instanceof Slice) return showBytes(part.bytes, part.byteStart, part.byteEnd);
  if (part instanceof Uint8Array) return showBytes(part, 0, part.length);
  return part;
}

function showBytes(bytes: Uint8Array, start: number, end: number): string {
  return decodeUtf8(bytes, start, Math.min(end, start + SHOWN_LENGTH_MAX));
}
