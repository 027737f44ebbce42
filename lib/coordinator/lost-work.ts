import { CorruptSegmentError, InputChangedError, ObjectMissingError, RefoldError } from '../errors.ts';
import type { World } from '../ports/world.ts';
import type { ShuffleManifest } from '../shuffle/shuffle-manifest.ts';
import { shuffleKey } from '../work/work-layout.ts';

export const LOST_WORK = 'REFOLD_LOST_WORK';

/** What an attempt reads is lost and was given up to be made anew: the attempt ends, and CheckPhase sends its task round. */
export class LostWorkError extends RefoldError {
  override readonly name = 'LostWorkError';
  readonly code = LOST_WORK;
  readonly retryable = true;
  readonly hint = 'What was lost is made anew by itself; check the disk or bucket of the work area if this repeats.';
  constructor(values: { what: string }, options?: ErrorOptions) {
    super(`Lost in the work area: ${values.what}`, values, options);
  }
}

type UnreadableError = ObjectMissingError | CorruptSegmentError | InputChangedError;

/** Does the error say that this object of the work area is gone, cut short or damaged? */
export function isUnreadable(error: unknown, key: string): error is UnreadableError {
  const isLoss =
    error instanceof ObjectMissingError || error instanceof CorruptSegmentError || error instanceof InputChangedError;
  return isLoss && error.values.key === key;
}

/** Is it a chunk of this index that cannot be read? */
export function isLostIndex(error: unknown, manifest: ShuffleManifest): error is UnreadableError {
  return manifest.chunks.some(({ key }) => isUnreadable(error, key));
}

/** Deletes the manifest of an index, and the chunk that cannot be read: PlanReduce writes both anew from the segments. */
export async function dropIndex(
  world: Pick<World, 'work' | 'log'>,
  jobId: string,
  step: number,
  manifest: ShuffleManifest,
  error: UnreadableError,
): Promise<void> {
  world.log.write('warn', 'the shuffle index is lost: it is written anew', { jobId, step, reason: error.message });
  await world.work.delete([shuffleKey(jobId, step, manifest.generation), String(error.values.key)]);
}
