import { RefoldError } from '../errors.ts';

/** Another job is about to write there. */
export class OutputLeasedError extends RefoldError {
  override readonly name = 'OutputLeasedError';
  readonly code = 'REFOLD_OUTPUT_LEASED';
  readonly retryable = false;
  readonly hint = 'Wait for that job, cancel it with refold cancel, or choose another --output.';
  constructor(values: { output: string; jobId: string }, options?: ErrorOptions) {
    super(`The output ${values.output} belongs to ${values.jobId}, which has not ended.`, values, options);
  }
}
