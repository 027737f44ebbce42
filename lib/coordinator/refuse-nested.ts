import { RefoldError } from '../errors.ts';
import { parseSuccess } from '../output/success-file.ts';
import type { World } from '../ports/world.ts';
import { OutputOverlapError } from './output-overlap-error.ts';

/** One read each. */
const ANCESTORS_MAX = 5;

/**
 * Refuses an output that lies in the finished output of a job: whoever reads that folder would read both. An output that holds another one
 * is not empty, which `checkOutput` refuses; one that is not finished yet is not found.
 * @param ancestors the locations that the output lies in, nearest first; few are looked at
 * @throws OutputOverlapError
 */
export async function refuseNested(
  { openOutput }: Pick<World, 'openOutput'>,
  output: string,
  ancestors: readonly string[],
): Promise<void> {
  const found = await Promise.all(ancestors.slice(0, ANCESTORS_MAX).map((ancestor) => findOwner(openOutput, ancestor)));
  for (const [index, jobId] of found.entries()) {
    if (jobId === undefined) continue;
    const other = `the output ${ancestors[index]} of ${jobId}`;
    throw new OutputOverlapError({ output, relation: 'lies in', other });
  }
}

/** The job whose finished output lies right there; undefined also where that may not be looked at. */
async function findOwner(openOutput: World['openOutput'], location: string): Promise<string | undefined> {
  try {
    const bytes = await openOutput(location, 'nobody').readSuccess();
    return bytes === undefined ? undefined : parseSuccess(bytes)?.jobId;
  } catch (error) {
    if (error instanceof RefoldError && error.code !== 'REFOLD_INVARIANT') return undefined;
    throw error;
  }
}
