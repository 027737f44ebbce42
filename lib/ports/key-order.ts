/**
 * Compares keys in UTF-8 byte order, the order of every listing. JavaScript's own order is by UTF-16 code units, which puts
 * a surrogate pair (U+10000 and up) before U+E000-U+FFFF; in UTF-8 it comes after.
 */
export function compareKeys(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const leftUnit = left.charCodeAt(at);
    const rightUnit = right.charCodeAt(at);
    if (leftUnit !== rightUnit) return inUtf8Order(leftUnit) - inUtf8Order(rightUnit);
  }
  return left.length - right.length;
}

/** Lifts surrogates above the rest of the basic plane. Two pairs that differ do so in a surrogate, so one unit decides. */
function inUtf8Order(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}
