import { isUtf8 } from 'node:buffer';
import { BadRecordError, InvalidOptionError } from '../errors.ts';

/** `utf-8` is strict: invalid bytes are an error with their position. `replace` reads them as U+FFFD, `latin1` every byte as a character. */
export type TextEncoding = 'utf-8' | 'replace' | 'latin1';

export function checkEncoding(encoding: string): asserts encoding is TextEncoding {
  if (encoding !== 'utf-8' && encoding !== 'replace' && encoding !== 'latin1') {
    throw new InvalidOptionError({
      option: 'encoding',
      value: JSON.stringify(encoding),
      rule: "one of 'utf-8', 'replace' and 'latin1'",
    });
  }
}

/**
 * The error of a record whose bytes[start, end) are not UTF-8.
 * @param recordStart, start positions in `bytes`, which start at byte `byteBase` of the object
 */
export function invalidUtf8(
  object: string,
  byteBase: number,
  bytes: Uint8Array,
  recordStart: number,
  start: number,
  end: number,
  hint = "Give the reader { encoding: 'latin1' } or { encoding: 'replace' }, or convert the file to UTF-8.",
) {
  const invalid = invalidStart(bytes, start, end);
  const isUtf16 = byteBase + recordStart === 0 && (startsWith(bytes, 0xff, 0xfe) || startsWith(bytes, 0xfe, 0xff));
  return new BadRecordError({
    object,
    byte: byteBase + recordStart,
    reason: `invalid UTF-8 at byte ${byteBase + invalid}${isUtf16 ? ', which looks like UTF-16' : ''}`,
    hint,
  });
}

/** Where the first invalid sequence starts, by halving: the prefix up to it is the longest whole one that is valid. */
function invalidStart(bytes: Uint8Array, start: number, end: number): number {
  let valid = start;
  let invalid = end;
  while (invalid - valid > 1) {
    const middle = characterStart(bytes, valid, (valid + invalid) >> 1);
    if (middle === valid) break;
    if (isUtf8(bytes.subarray(valid, middle))) valid = middle;
    else invalid = middle;
  }
  while (valid < end) {
    const next = valid + sequenceLength(bytes[valid]!);
    if (next > end || !isUtf8(bytes.subarray(valid, next))) return valid;
    valid = next;
  }
  return valid;
}

/** The last position in (low, at] where no sequence is cut, as far as its continuation bytes tell; `low` when there is none. */
function characterStart(bytes: Uint8Array, low: number, at: number): number {
  while (at > low && (bytes[at]! & 0xc0) === 0x80) at -= 1;
  return at;
}

function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

function startsWith(bytes: Uint8Array, first: number, second: number): boolean {
  return bytes[0] === first && bytes[1] === second;
}
