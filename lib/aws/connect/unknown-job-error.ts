import { RefoldError } from '../../errors.ts';

/** No job of that id is in the stack's ledger: there never was one, or it was forgotten. */
export class UnknownJobError extends RefoldError {
  override readonly name = 'UnknownJobError';
  readonly code = 'REFOLD_UNKNOWN_JOB';
  readonly retryable = false;
  readonly hint = 'Look the jobs of the stack up with refold ls --stack.';
  constructor(values: { jobId: string; stack: string }, options?: ErrorOptions) {
    super(`The stack ${values.stack} knows no job ${values.jobId}.`, values, options);
  }
}
