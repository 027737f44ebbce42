import { RefoldError } from '../errors.ts';

/** An output that would be read as input or as a part of another output, or would overwrite the input or the work area. */
export class OutputOverlapError extends RefoldError {
  override readonly name = 'OutputOverlapError';
  readonly code = 'REFOLD_OUTPUT_OVERLAP';
  readonly retryable = false;
  readonly hint = 'Choose an --output outside the input, the work area and the outputs of other jobs.';
  constructor(values: { output: string; relation: string; other: string }, options?: ErrorOptions) {
    super(`The output ${values.output} ${values.relation} ${values.other}.`, values, options);
  }
}
