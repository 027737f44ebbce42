import leven from 'leven';

/** The known name that is the fewest edits away. */
export function nearest(name: string, known: readonly string[]): string {
  return known.toSorted((a, b) => leven(name, a) - leven(name, b))[0] ?? '';
}
