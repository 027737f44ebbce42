import type { CsvShape } from './csv-scanner.ts';
import { NEWLINE, RETURN } from './newline.ts';
import type { RangeSource } from './reader.ts';

/**
 * The first byte >= byteStart at which a row starts, for a byteStart behind `dataStart`, where the object's first row starts.
 *
 * A newline ends a row only outside quotes, and every quote of a well-formed file goes in or out, a doubled one twice. So the question is how
 * many quotes there are before byteStart: even or odd. A short look back mostly tells: of the two answers one soon needs a quote where RFC
 * 4180 allows none, or a field longer than `maxFieldBytes`. Where both stand, which takes quoted fields made of delimiters and newlines, the
 * quotes are counted from the object's start. Exact for every file that the scanner takes without an error.
 */
export async function findRowStart(source: RangeSource, byteStart: number, dataStart: number, shape: CsvShape): Promise<number> {
  const isInside = await isInsideQuotes(source, byteStart - 1, dataStart, shape);
  return nextRowStart(source, byteStart - 1, isInside, shape.quote);
}

/** Whether a quoted field is open before byte `at`. */
async function isInsideQuotes(source: RangeSource, at: number, dataStart: number, shape: CsvShape): Promise<boolean> {
  const backMax = Math.min(shape.maxFieldBytes + 2, LOOK_BACK_BYTES_MAX);
  for (let back = Math.min(LOOK_BACK_BYTES, backMax); ; back = Math.min(back * 16, backMax)) {
    const start = Math.max(dataStart, at - back);
    // One byte to either side, to see what stands around the first and the last quote.
    const byteBase = Math.max(0, start - 1);
    const bytes = await source.read(byteBase, at + 2);
    const from = start - byteBase;
    const to = at - byteBase;
    const outside = walkQuotes(bytes, from, to, false, shape);
    if (start === dataStart) return outside.isInside;
    const inside = walkQuotes(bytes, from, to, true, shape);
    if (outside.isPossible !== inside.isPossible) return outside.isPossible ? outside.isInside : inside.isInside;
    if (back === backMax) return countQuotesTo(source, at, dataStart, shape.quote);
  }
}

/** Whether bytes[start, end) may be read with a field open or not at `start`, and whether one is then open at `end`. */
function walkQuotes(
  bytes: Uint8Array,
  start: number,
  end: number,
  isInside: boolean,
  shape: CsvShape,
): { isPossible: boolean; isInside: boolean } {
  const { delimiter, quote, maxFieldBytes } = shape;
  let openedAt = start;
  let isOpen = isInside;
  let isPossible = true;
  for (let at = bytes.indexOf(quote, start); at !== -1 && at < end; at = bytes.indexOf(quote, at + 1)) {
    if (isOpen) {
      isPossible &&= at - openedAt <= maxFieldBytes && mayFollowQuote(bytes, at + 1, delimiter, quote);
    } else {
      const before = at === 0 ? NEWLINE : bytes[at - 1]!;
      // A quote right behind one that closed makes a doubled quote: the field goes on.
      const isDoubled = before === quote;
      isPossible &&= isDoubled || before === delimiter || before === NEWLINE;
      if (!isDoubled) openedAt = at + 1;
    }
    isOpen = !isOpen;
  }
  if (isOpen) isPossible &&= end - openedAt <= maxFieldBytes;
  return { isPossible, isInside: isOpen };
}

function mayFollowQuote(bytes: Uint8Array, at: number, delimiter: number, quote: number): boolean {
  if (at >= bytes.length) return true;
  const byte = bytes[at];
  if (byte === RETURN) return at + 1 >= bytes.length || bytes[at + 1] === NEWLINE;
  return byte === delimiter || byte === quote || byte === NEWLINE;
}

/** The same from the object's start, certain and slow. */
async function countQuotesTo(source: RangeSource, at: number, dataStart: number, quote: number): Promise<boolean> {
  let isInside = false;
  for (let byteBase = dataStart; byteBase < at; byteBase += CHUNK_BYTES) {
    const bytes = await source.read(byteBase, Math.min(byteBase + CHUNK_BYTES, at));
    for (let index = bytes.indexOf(quote); index !== -1; index = bytes.indexOf(quote, index + 1)) isInside = !isInside;
  }
  return isInside;
}

/** The byte behind the first newline at or after `at` that no quotes enclose; the object's end when there is none. */
async function nextRowStart(source: RangeSource, at: number, isInside: boolean, quote: number): Promise<number> {
  let byteBase = at;
  let isOpen = isInside;
  for (let count = LOOK_AHEAD_BYTES; ; count = Math.min(count * 2, CHUNK_BYTES)) {
    const bytes = await source.read(byteBase, byteBase + count);
    for (let index = 0; index < bytes.length; index++) {
      const byte = bytes[index];
      if (byte === quote) isOpen = !isOpen;
      else if (byte === NEWLINE && !isOpen) return byteBase + index + 1;
    }
    byteBase += bytes.length;
    if (bytes.length < count) return byteBase;
  }
}

const LOOK_BACK_BYTES = 16 * 1024;
const LOOK_BACK_BYTES_MAX = 16 * 1024 * 1024;
const LOOK_AHEAD_BYTES = 4 * 1024;
const CHUNK_BYTES = 1024 * 1024;
