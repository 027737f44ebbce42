import { failureFromCause } from '../coordinator/task-error.ts';
import type { Failure } from '../errors.ts';
import { cutFailure } from '../job/failure.ts';
import type { ExecutionEnd } from './executions.ts';

/** The failure of a job whose execution ended without writing one to the ledger: it was stopped, timed out, or failed at once. */
export function executionFailure({ status, error, cause }: ExecutionEnd): Failure {
  if (status === 'FAILED' && error !== undefined) return failureFromCause(error, cause);
  const how: Record<ExecutionEnd['status'], string> = {
    SUCCEEDED: 'succeeded, and the job is not done',
    FAILED: 'failed without a reason',
    TIMED_OUT: 'took longer than the state machine may',
    ABORTED: 'was stopped',
  };
  const reason = [error, cause].filter((text) => text !== undefined && text !== '').join(': ');
  return cutFailure({
    name: 'ExecutionEndedError',
    code: 'REFOLD_EXECUTION_ENDED',
    message: `The execution ${how[status]}${reason === '' ? '' : ` (${reason})`}.`,
    hint: 'Start the job again: it goes on from its finished tasks.',
    retryable: false,
  });
}
