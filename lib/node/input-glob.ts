import { matchesGlob } from 'node:path';

/** A glob as the input reads it: a folder to walk, and what to take of it. */
export type InputGlob = {
  /** The parts before the first that has a pattern character: `logs/2026` of `logs/2026/*.csv`. */
  readonly folderKey: string;
  /** Does the glob name this key, or a folder above it? Then it is input. */
  readonly matches: (key: string) => boolean;
  /** Can anything below the folder match? */
  readonly mayMatchBelow: (folderKey: string) => boolean;
  /** Does this hidden name belong to the input? The glob must say its first character: `_part-*` or `.cache`. */
  readonly namesHidden: (name: string) => boolean;
};

/** Undefined when `location` has no pattern characters. `location` is plain: no `.` and no doubled `/`. */
export function parseInputGlob(location: string): InputGlob | undefined {
  const parts = location.split('/');
  const fixedCount = parts.findIndex((part) => PATTERN.test(part));
  if (fixedCount === -1) return undefined;
  const patternParts = parts.slice(fixedCount);
  const folderKey = parts.slice(0, fixedCount).join('/') || (location.startsWith('/') ? '/' : '.');
  // The parts of `{a/b,c}/*` are not those of its matches.
  const isPlain = !patternParts.some((part) => hasOpenBracket(part));
  const firstCharacters = new Set(patternParts.map((part) => part[0]));
  const matches = (key: string): boolean => foldersAndSelf(key, fixedCount).some((path) => matchesGlob(path, location));
  return {
    folderKey,
    matches,
    mayMatchBelow: (folder) => {
      if (!isPlain || matches(folder)) return true;
      const names = folder.split('/').slice(fixedCount);
      for (const [at, name] of names.entries()) {
        const part = patternParts[at];
        if (part === undefined) return false;
        if (part.includes('**')) return true;
        if (!matchesGlob(name, part)) return false;
      }
      return true;
    },
    namesHidden: (name) => firstCharacters.has(name[0]),
  };
}

const PATTERN = /[*?[\]{}()\\]/;

function hasOpenBracket(part: string): boolean {
  return count(part, /[{(]/g) !== count(part, /[})]/g);
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

/** `a/b/c` and `fixedCount` 1: `a/b`, `a/b/c`. */
function foldersAndSelf(key: string, fixedCount: number): string[] {
  const parts = key.split('/');
  const paths: string[] = [];
  for (let end = fixedCount + 1; end <= parts.length; end++) paths.push(parts.slice(0, end).join('/'));
  return paths;
}
