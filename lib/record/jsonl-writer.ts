import type { ByteSink } from './byte-sink.ts';
import { appendJson, appendJsonBytes, appendJsonText } from './json-text.ts';
import { decodeKey } from './key-decoder.ts';
import { KEY_TAG_BYTES, KEY_TAG_STRING } from './key-format.ts';
import { appendAscii, appendNumber } from './number-text.ts';
import { decodeNumber, decodeValue, isNumber } from './value-decoder.ts';
import { isString, textStart } from './value-format.ts';
import { makeWriter, type RecordFormatter, refuseRecord, type Writer, type WriterOptions } from './writer.ts';

/** One `{"key":…,"value":…}` a line, without `value` when it is undefined. What JSON lacks is written as appendJson says. */
export function jsonlWriter(options: WriterOptions = {}): Writer {
  return makeWriter('jsonl', 'jsonl', options, () => new JsonlFormatter());
}

class JsonlFormatter implements RecordFormatter {
  begin(): void {}

  format(key: unknown, value: unknown, sink: ByteSink): void {
    const start = sink.length;
    try {
      appendAscii('{"key":', sink);
      appendJson(key, sink);
      appendValue(value, sink);
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
    try {
      appendAscii('{"key":', sink);
      if (tag === KEY_TAG_STRING) appendJsonText(keyBytes, keyStart + 1, keyEnd, sink);
      else if (tag === KEY_TAG_BYTES) appendJsonBytes(keyBytes, keyStart + 1, keyEnd, sink);
      else appendJson(decodeKey(keyBytes, keyStart, keyEnd), sink);
      appendEncodedValue(valueBytes, valueStart, valueEnd, sink);
    } catch (error) {
      refuseRecord(error, decodeKey(keyBytes, keyStart, keyEnd), start, sink);
    }
  }
}

function appendValue(value: unknown, sink: ByteSink): void {
  if (value !== undefined) {
    appendAscii(',"value":', sink);
    appendJson(value, sink);
  }
  appendAscii('}\n', sink);
}

function appendEncodedValue(bytes: Uint8Array, start: number, end: number, sink: ByteSink): void {
  if (isString(bytes, start)) {
    appendAscii(',"value":', sink);
    appendJsonText(bytes, textStart(bytes, start), end, sink);
    appendAscii('}\n', sink);
    return;
  }
  const number = isNumber(bytes, start) ? decodeNumber(bytes, start) : Number.NaN;
  if (!Number.isFinite(number)) {
    appendValue(decodeValue(bytes, start, end), sink);
    return;
  }
  appendAscii(',"value":', sink);
  appendNumber(number, sink);
  appendAscii('}\n', sink);
}
