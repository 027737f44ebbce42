import { Buffer } from 'node:buffer';

/** The string of bytes[start, end), a character a byte. For ASCII the cheapest decoder there is. */
export function decodeLatin1(bytes: Uint8Array, start: number, end: number): string {
  return latin1Slice.call(bytes, start, end);
}

/** Buffer's own method takes any Uint8Array and makes no view first. */
type Latin1Slice = (this: Uint8Array, start: number, end: number) => string;
const latin1Slice = (Buffer.prototype as unknown as { readonly latin1Slice: Latin1Slice }).latin1Slice;
