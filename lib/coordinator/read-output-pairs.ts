import { assert, RefoldError } from '../errors.ts';
import type { JobRecord } from '../job/job-record.ts';
import { readAttemptFile } from '../output/attempt-file.ts';
import { readPairObject } from '../output/read-pair-object.ts';
import type { World } from '../ports/world.ts';
import { readStepPlan } from '../split/plan-step.ts';
import { winnersOf } from './step-output.ts';

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
export async function* readOutputPairs(
  world: Pick<World, 'work' | 'ledger'>,
  record: JobRecord,
): AsyncGenerator<readonly [unknown, unknown]> {
  const plan = await readStepPlan(world, record.jobId, record.shape.steps.length - 1);
  assert(plan !== undefined, 'a job that is done was planned');
  for (const { attemptKey } of await winnersOf(world, record.jobId, plan)) {
    const file = await readAttemptFile(world, attemptKey);
    if (file.parts.length > file.pairs.length) throw new PairsNotKeptError({ jobId: record.jobId });
    for (const pairs of file.pairs) for await (const batch of readPairObject(world.work, pairs)) yield* batch;
  }
}
