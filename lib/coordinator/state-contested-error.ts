import { RefoldError } from '../errors.ts';
import type { JobState } from '../ports/task-ledger.ts';

/** So often a job's state may change between a look at it and the write that depends on it. A job has some ten states in all. */
export const STATE_TRIES_MAX = 100;

/** The ledger refused a change of state again and again, though each time it was asked for from the state that the ledger had told. */
export class StateContestedError extends RefoldError {
  override readonly name = 'StateContestedError';
  readonly code = 'REFOLD_STATE_CONTESTED';
  readonly retryable = true;
  readonly hint = 'Look whether something else writes to the ledger, then run the same command again.';
  constructor(values: { jobId: string; run: number; to: JobState }, options?: ErrorOptions) {
    super(
      `Run ${values.run} of ${values.jobId} was refused ${STATE_TRIES_MAX} times on its way to ${values.to}.`,
      values,
      options,
    );
  }
}
