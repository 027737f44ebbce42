import { InvalidOptionError } from '../errors.ts';
import type { ByteSink } from './byte-sink.ts';
import { decodeKey } from './key-decoder.ts';
import { KEY_TAG_BYTES, KEY_TAG_STRING } from './key-format.ts';
import { Slice } from './slice.ts';
import { appendUtf8 } from './utf8.ts';
import { decodeValue } from './value-decoder.ts';
import { textStart } from './value-format.ts';
import { makeWriter, type RecordFormatter, refuseRecord, UnwritableValue, type Writer, type WriterOptions } from './writer.ts';

/**
 * Records of `bytes` bytes with nothing between: the key's bytes, then the value's, `bytes` in all. Bytes as they are, text as UTF-8, a tuple
 * its elements one after another, null and undefined nothing; all else is refused.
 */
export function fixedWriter(bytes: number, options: WriterOptions = {}): Writer {
  if (!Number.isSafeInteger(bytes) || bytes < 1) {
    throw new InvalidOptionError({ option: 'fixed(n)', value: String(bytes), rule: 'a whole number from 1' });
  }
  return makeWriter('fixed', 'bin', options, () => new FixedFormatter(bytes));
}

class FixedFormatter implements RecordFormatter {
  private readonly recordBytes: number;

  constructor(recordBytes: number) {
    this.recordBytes = recordBytes;
  }

  begin(): void {}

  format(key: unknown, value: unknown, sink: ByteSink): void {
    const start = sink.length;
    try {
      appendRaw(key, sink);
      appendRaw(value, sink);
      this.check(start, sink);
    } catch (error) {
      refuseRecord(error, key, start, sink);
    }
  }

  formatEncoded(
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
    sink: ByteSink,
  ): void {
    const start = sink.length;
    const tag = keyBytes[keyStart];
    const valueText = textStart(valueBytes, valueStart);
    try {
      if (tag === KEY_TAG_BYTES || tag === KEY_TAG_STRING) sink.append(keyBytes, keyStart + 1, keyEnd);
      else appendRaw(decodeKey(keyBytes, keyStart, keyEnd), sink);
      if (valueText > 0) sink.append(valueBytes, valueText, valueEnd);
      else appendRaw(decodeValue(valueBytes, valueStart, valueEnd), sink);
      this.check(start, sink);
    } catch (error) {
      refuseRecord(error, decodeKey(keyBytes, keyStart, keyEnd), start, sink);
    }
  }

  private check(start: number, sink: ByteSink): void {
    const written = sink.length - start;
    if (written !== this.recordBytes)
      throw new UnwritableValue(`key and value have ${written} bytes, fixed(${this.recordBytes}) takes that many`);
  }
}

function appendRaw(value: unknown, sink: ByteSink): void {
  if (value instanceof Slice) sink.append(value.bytes, value.byteStart, value.byteEnd);
  else if (value instanceof Uint8Array) sink.append(value, 0, value.length);
  else if (typeof value === 'string') {
    if (!appendUtf8(value, sink)) throw new UnwritableValue('it holds a string with a lone surrogate');
  } else if (Array.isArray(value)) {
    for (const element of value) appendRaw(element, sink);
  } else if (value !== null && value !== undefined) {
    throw new UnwritableValue(`fixed() takes bytes and text, not a value of type ${typeof value}`);
  }
}
