import { outputPhase } from '../coordinator/commit.ts';
import { attemptKeysOf } from '../coordinator/decide-next.ts';
import { RefoldError } from '../errors.ts';
import { readAttemptFile } from '../output/attempt-file.ts';
import { readPairObject } from '../output/read-pair-object.ts';
import type { PreparedJob } from './prepare-job.ts';

/** The job's pairs were not kept: it was run by the command line, which keeps only the parts. */
export class PairsNotKeptError extends RefoldError {
  override readonly name = 'PairsNotKeptError';
  readonly code = 'REFOLD_PAIRS_NOT_KEPT';
  readonly retryable = false;
  readonly hint = 'Read the parts at the output path, or start the job with isNew: true.';
  constructor(values: { jobId: string }, options?: ErrorOptions) {
    super(`${values.jobId} was run before without keeping its pairs.`, values, options);
  }
}

/** Pairs of a finished job, in the order of its parts. */
export async function* readOutputPairs({ world, record }: PreparedJob): AsyncGenerator<readonly [unknown, unknown]> {
  const step = record.shape.steps.length - 1;
  const keys = await attemptKeysOf(world, record.jobId, step, await outputPhase(world, record, step));
  for (const [, { attemptKey }] of [...keys].toSorted(([a], [b]) => a - b)) {
    const file = await readAttemptFile(world, attemptKey);
    if (file.parts.length > file.pairs.length) throw new PairsNotKeptError({ jobId: record.jobId });
    for (const pairs of file.pairs) yield* await readPairObject(world.work, pairs);
  }
}
