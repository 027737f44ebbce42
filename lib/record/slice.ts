/**
 * A view of bytes in a buffer that the engine reuses: valid until the function it was handed to returns.
 * Half open: `byteStart` is in, `byteEnd` is out.
 */
export class Slice {
  bytes: Uint8Array;
  byteStart: number;
  byteEnd: number;

  constructor(bytes: Uint8Array, byteStart: number, byteEnd: number) {
    this.bytes = bytes;
    this.byteStart = byteStart;
    this.byteEnd = byteEnd;
  }
}
