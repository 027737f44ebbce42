import { failureFromCause } from '../../coordinator/task-error.ts';
import type { Failure } from '../../errors.ts';
import { toFailure } from '../../job/failure.ts';
import { ExecutionEndedError } from './execution-ended-error.ts';
import type { ExecutionEnd } from './executions.ts';

/** The failure of a run whose execution ended without writing one to the ledger: it was stopped, timed out, or failed at once. */
export function executionFailure(jobId: string, run: number, { status, error, cause }: ExecutionEnd): Failure {
  if (status === 'FAILED' && error !== undefined) return failureFromCause(error, cause);
  const reason = [error, cause].filter((text) => text !== undefined && text !== '').join(': ');
  return toFailure(new ExecutionEndedError({ jobId, run, status, reason }));
}
