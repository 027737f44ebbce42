/** Negative, 0 or positive, as key a lies before, at or behind key b. */
export function compareKeys(
  aBytes: Uint8Array,
  aStart: number,
  aEnd: number,
  bBytes: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const aLength = aEnd - aStart;
  const bLength = bEnd - bStart;
  const common = Math.min(aLength, bLength);
  for (let index = 0; index < common; index++) {
    const difference = aBytes[aStart + index]! - bBytes[bStart + index]!;
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}
