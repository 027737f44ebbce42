import { RefoldError } from '../errors.ts';

/** An output that would be read as input, or would overwrite it or the work area. */
export class OutputOverlapError extends RefoldError {
  override readonly name = 'OutputOverlapError';
  readonly code = 'REFOLD_OUTPUT_OVERLAP';
  readonly retryable = false;
  readonly hint = 'Choose an --output outside the input and the work area.';
  constructor(values: { output: string; relation: string; other: string }, options?: ErrorOptions) {
    super(`The output ${values.output} ${values.relation} ${values.other}.`, values, options);
  }
}
