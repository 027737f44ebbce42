import { NEWLINE } from './newline.ts';
import type { RangeSource } from './reader.ts';

/** Length of the byte order mark at the object's start: 3 or 0. It belongs to no record. */
export async function readBomLength(source: RangeSource): Promise<number> {
  const head = await source.read(0, BOM_BYTES);
  return head.length === BOM_BYTES && head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? BOM_BYTES : 0;
}

/** The first byte >= byteStart at which a line starts; the object's end when none does. A line starts after a newline, or after the mark. */
export async function findLineStart(source: RangeSource, byteStart: number): Promise<number> {
  if (byteStart <= BOM_BYTES) {
    const bomLength = await readBomLength(source);
    if (byteStart <= bomLength) return bomLength;
  }
  // The byte before tells whether a line starts exactly here.
  let byteBase = byteStart - 1;
  for (let bytes = LOOK_BYTES_MIN; ; bytes = Math.min(bytes * 2, LOOK_BYTES_MAX)) {
    const chunk = await source.read(byteBase, byteBase + bytes);
    const newline = chunk.indexOf(NEWLINE);
    if (newline !== -1) return byteBase + newline + 1;
    byteBase += chunk.length;
    if (chunk.length < bytes) return byteBase;
  }
}

const BOM_BYTES = 3;
const LOOK_BYTES_MIN = 4 * 1024;
const LOOK_BYTES_MAX = 1024 * 1024;
