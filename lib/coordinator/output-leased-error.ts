import { RefoldError } from '../errors.ts';

/** Another job is about to write there. */
export class OutputLeasedError extends RefoldError {
  override readonly name = 'OutputLeasedError';
  readonly code = 'REFOLD_OUTPUT_LEASED';
  readonly retryable = false;
  readonly hint: string;
  constructor(values: { output: string; jobId: string }, options?: ErrorOptions) {
    super(`The output ${values.output} belongs to ${values.jobId}, which has not ended.`, values, options);
    this.hint = `Wait for that job, stop it with refold cancel ${values.jobId}, or choose another --output.`;
  }
}
