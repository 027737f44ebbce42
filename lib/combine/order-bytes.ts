import { ByteSink } from '../record/byte-sink.ts';
import { decodeKey } from '../record/key-decoder.ts';
import { encodeOrder } from '../record/key-encoder.ts';
import { KEY_TAG_BYTES, KEY_TAG_STRING } from '../record/key-format.ts';
import { decodeValue } from '../record/value-decoder.ts';
import { encodeValue } from '../record/value-encoder.ts';
import { isString, textStart } from '../record/value-format.ts';

/** The order bytes of one value at a time, in `sink.bytes[0, sink.length)`, for `min`, `max` and `top`. */
export class OrderBytes {
  readonly sink = new ByteSink();

  /** @throws UnencodableError for a value that has no place in the order */
  setValue(value: unknown): void {
    this.sink.length = 0;
    encodeOrder(value, this.sink);
  }

  /** From an encoded plain value. Texts and bytes are copied; the rest takes the way over its value. */
  setEncoded(bytes: Uint8Array, start: number, end: number): void {
    const text = textStart(bytes, start);
    if (text === 0) {
      this.setValue(decodeValue(bytes, start, end));
      return;
    }
    this.sink.length = 0;
    this.sink.appendByte(isString(bytes, start) ? KEY_TAG_STRING : KEY_TAG_BYTES);
    this.sink.append(bytes, text, end);
  }
}

/** Writes a value given by its order bytes as a plain value. */
export function encodeOrdered(bytes: Uint8Array, start: number, end: number, sink: ByteSink): void {
  encodeValue(decodeKey(bytes, start, end), sink);
}
