import { decodeKey } from './key-decoder.ts';
import { showValue } from './show-value.ts';

/** One encoded key for a message: as JSON would show it, control characters escaped, cut to 100 characters. */
export function showKey(bytes: Uint8Array, start: number, end: number): string {
  return showValue(decodeKey(bytes, start, end));
}
