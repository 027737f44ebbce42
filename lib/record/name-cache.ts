import { decodeUtf8 } from './utf8.ts';

/**
 * Property names as the strings that were made of them before: objects repeat a few names for ever, and a string made anew costs its
 * making and its lookup as a property. Each slot keeps the last name that fell into it.
 */
export class NameCache {
  private readonly names: (string | undefined)[] = new Array(SLOTS).fill(undefined);
  private readonly encoded: (Uint8Array | undefined)[] = new Array(SLOTS).fill(undefined);

  get(bytes: Uint8Array, start: number, end: number): string {
    const length = end - start;
    if (length > CACHED_BYTES_MAX || length === 0) return decodeUtf8(bytes, start, end);
    const slot = (bytes[start]! * 31 + bytes[end - 1]! * 7 + length) & (SLOTS - 1);
    const held = this.encoded[slot];
    if (held !== undefined && held.length === length) {
      let index = 0;
      while (index < length && held[index] === bytes[start + index]) index++;
      if (index === length) return this.names[slot]!;
    }
    const name = decodeUtf8(bytes, start, end);
    this.names[slot] = name;
    const copy = new Uint8Array(length); // Not slice(): of a Buffer that is a view.
    copy.set(bytes.subarray(start, end));
    this.encoded[slot] = copy;
    return name;
  }
}

const SLOTS = 256;
const CACHED_BYTES_MAX = 31;
