import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, posix, relative, resolve, sep } from 'node:path';
import { OutputOverlapError } from '../../coordinator/output-overlap-error.ts';
import { type InputGlob, parseInputGlob } from '../../node/input-glob.ts';

export type JobPaths = {
  /** What the other paths are relative to. */
  readonly cwd: string;
  /** Paths and globs. */
  readonly inputs: readonly string[];
  readonly output: string;
  readonly workFolder: string;
};

/** @throws OutputOverlapError when the output and an input or the work area are the same, or one lies in the other, also by way of links */
export function checkPaths({ cwd, inputs, output, workFolder }: JobPaths): void {
  const outputPath = realPath(resolve(cwd, output));
  for (const input of inputs) {
    const inputPath = resolve(cwd, input);
    // A name that is there as it is written is no glob.
    const glob = existsSync(inputPath) ? undefined : parseInputGlob(posix.normalize(input));
    if (glob === undefined) checkPath(realPath(inputPath), `the input ${input}`, output, outputPath);
    else checkGlob(cwd, input, glob, output, outputPath);
  }
  checkPath(realPath(resolve(cwd, workFolder)), `the work area ${workFolder}`, output, outputPath);
}

/** The folders that a path lies in, nearest first. */
export function ancestorsOf(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...ancestorsOf(parent)];
}

/** An absolute path without links: what does not exist yet keeps its name below the nearest folder that does. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Also where it may not be looked at: then nothing can be written there either.
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}

function checkPath(otherPath: string, other: string, output: string, outputPath: string): void {
  if (otherPath === outputPath) throw new OutputOverlapError({ output, relation: 'is', other });
  if (isInside(otherPath, outputPath)) throw new OutputOverlapError({ output, relation: 'contains', other });
  if (isInside(outputPath, otherPath)) throw new OutputOverlapError({ output, relation: 'lies in', other });
}

function checkGlob(cwd: string, input: string, glob: InputGlob, output: string, outputPath: string): void {
  const other = `the input ${input}`;
  const root = realPath(resolve(cwd, glob.folderKey));
  if (root === outputPath || isInside(root, outputPath)) throw new OutputOverlapError({ output, relation: 'contains', other });
  if (!isInside(outputPath, root)) return;
  const partKey = posix.join(glob.folderKey, relative(root, outputPath), 'part-00000.tsv');
  if (glob.matches(partKey)) throw new OutputOverlapError({ output, relation: 'would be matched by', other });
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`);
}
