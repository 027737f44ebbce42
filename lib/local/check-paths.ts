import { matchesGlob, relative, resolve, sep } from 'node:path';
import { RefoldError } from '../errors.ts';

/** An output that would be read as input, or would overwrite it. */
export class OutputOverlapError extends RefoldError {
  override readonly name = 'OutputOverlapError';
  readonly code = 'REFOLD_OUTPUT_OVERLAP';
  readonly retryable = false;
  readonly hint = 'Choose an --output outside the input.';
  constructor(values: { output: string; input: string; relation: string }, options?: ErrorOptions) {
    super(`The output ${values.output} ${values.relation} the input ${values.input}.`, values, options);
  }
}

const GLOB = /[*?[\]{}]/;

/** @throws OutputOverlapError when output and input are the same, or one lies in the other */
export function checkPaths(cwd: string, inputs: readonly string[], output: string): void {
  const outputPath = resolve(cwd, output);
  for (const input of inputs) {
    if (GLOB.test(input)) checkGlob(cwd, input, output, outputPath);
    else checkPath(resolve(cwd, input), input, output, outputPath);
  }
}

function checkPath(inputPath: string, input: string, output: string, outputPath: string): void {
  if (inputPath === outputPath) throw new OutputOverlapError({ output, input, relation: 'is' });
  if (isInside(inputPath, outputPath)) throw new OutputOverlapError({ output, input, relation: 'contains' });
  if (isInside(outputPath, inputPath)) throw new OutputOverlapError({ output, input, relation: 'lies in' });
}

function checkGlob(cwd: string, input: string, output: string, outputPath: string): void {
  const pattern = resolve(cwd, input);
  const fixed = pattern.slice(0, pattern.search(GLOB));
  const folder = fixed.slice(0, fixed.lastIndexOf(sep));
  if (folder === outputPath || isInside(folder, outputPath))
    throw new OutputOverlapError({ output, input, relation: 'contains' });
  if (matchesGlob(`${outputPath}${sep}part-00000.tsv`, pattern))
    throw new OutputOverlapError({ output, input, relation: 'would be matched by' });
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`);
}
