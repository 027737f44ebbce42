import { forEachLine } from './for-each-line.ts';

/**
 * How two results are compared. `counts`: rows in any order, byte for byte. `decimals`: rows in any order, the first field byte for byte,
 * the others as numbers that may differ by 1e-9 of their size, because each peer adds in its own order. `sorted lines`: lines in byte order.
 */
export type ResultShape = 'counts' | 'decimals' | 'sorted lines';

/** A result boiled down to what is compared. */
export type Result = {
  readonly shape: ResultShape;
  readonly rows: number;
  /** A sum of the rows' hashes, so the order does not count. Of keys only, for `decimals`. */
  readonly checksum: string;
  /** For `decimals`: the numbers of each key. */
  readonly decimals: ReadonlyMap<string, readonly number[]>;
  /** For `sorted lines`: the first line that is smaller than the one before, from 1. */
  readonly unsortedLine: number | undefined;
};

const RELATIVE_ERROR_MAX = 1e-9;
const TAB = 9;

/** Reads a result from its files, which follow each other. Holds all rows of a `decimals` result in memory. */
export function readResult(shape: ResultShape, paths: readonly string[]): Result {
  let rows = 0;
  let low = 0;
  let high = 0;
  let unsortedLine: number | undefined;
  let previous = new Uint8Array(0);
  const decimals = new Map<string, number[]>();
  const latin1 = new TextDecoder('latin1');
  forEachLine(paths, (bytes, start, end) => {
    rows++;
    let hashedEnd = end;
    if (shape === 'decimals') {
      const [key, ...numbers] = latin1.decode(bytes.subarray(start, end)).split('\t');
      decimals.set(key!, numbers.map(Number));
      hashedEnd = bytes.indexOf(TAB, start);
      if (hashedEnd === -1 || hashedEnd > end) hashedEnd = end;
    } else if (shape === 'sorted lines') {
      if (unsortedLine === undefined && isSmaller(bytes, start, end, previous)) unsortedLine = rows;
      if (previous.length !== end - start) previous = new Uint8Array(end - start);
      for (let at = start; at < end; at++) previous[at - start] = bytes[at]!;
    }
    let one = 0x811c9dc5;
    let two = 0x9747b28c;
    for (let at = start; at < hashedEnd; at++) {
      const byte = bytes[at]!;
      one = Math.imul(one ^ byte, 0x01000193);
      two = Math.imul(two ^ byte, 0x5bd1e995) ^ (two >>> 13);
    }
    low = (low + one) >>> 0;
    high = (high + two) >>> 0;
  });
  return { shape, rows, checksum: hex(high) + hex(low), decimals, unsortedLine };
}

/** Why the two are not the same result, as a sentence; undefined when they agree. */
export function explainDifference(result: Result, reference: Result): string | undefined {
  if (result.unsortedLine !== undefined) return `Line ${result.unsortedLine} is smaller than the line before it.`;
  if (result.rows !== reference.rows) return `There are ${result.rows} rows, not ${reference.rows}.`;
  if (result.checksum !== reference.checksum)
    return `The rows differ: their checksum is ${result.checksum}, not ${reference.checksum}.`;
  for (const [key, expected] of reference.decimals) {
    const numbers = result.decimals.get(key);
    if (numbers === undefined || !isClose(numbers, expected))
      return `${key} has ${numbers?.join(' ')}, not ${expected.join(' ')}.`;
  }
  return undefined;
}

function isClose(numbers: readonly number[], expected: readonly number[]): boolean {
  return (
    numbers.length === expected.length &&
    numbers.every((number, index) => Math.abs(number - expected[index]!) <= RELATIVE_ERROR_MAX * Math.abs(expected[index]!))
  );
}

function isSmaller(bytes: Uint8Array, start: number, end: number, other: Uint8Array): boolean {
  const length = Math.min(end - start, other.length);
  for (let index = 0; index < length; index++) {
    const difference = bytes[start + index]! - other[index]!;
    if (difference !== 0) return difference < 0;
  }
  return end - start < other.length;
}

function hex(half: number): string {
  return half.toString(16).padStart(8, '0');
}
