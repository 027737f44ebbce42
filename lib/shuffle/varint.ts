import type { ByteSink } from '../record/byte-sink.ts';

/** Whole numbers from 0 to 2^53 - 1, seven bits a byte, low bits first. For footers and indexes; records have their own inline loops. */
export function appendVarint(sink: ByteSink, value: number): void {
  let at = sink.reserve(8);
  let rest = value;
  while (rest > 127) {
    sink.bytes[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  sink.bytes[at++] = rest;
  sink.length = at;
}

export function appendUint32(sink: ByteSink, value: number): void {
  const at = sink.reserve(4);
  sink.view.setUint32(at, value, true);
  sink.length = at + 4;
}

/** Little endian, unsigned. */
export function uint32At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** Walks over bytes that a checksum has vouched for. Reading past the end is answered by `isPastEnd`, not by an error. */
export class VarintReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get isPastEnd(): boolean {
    return this.at > this.end;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    while (this.at < this.end) {
      const byte = this.bytes[this.at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    this.at = this.end + 1;
    return 0;
  }

  uint32(): number {
    this.at += 4;
    return this.isPastEnd ? 0 : uint32At(this.bytes, this.at - 4);
  }

  take(length: number): Uint8Array {
    this.at += length;
    return this.isPastEnd ? new Uint8Array(0) : this.bytes.subarray(this.at - length, this.at);
  }
}
