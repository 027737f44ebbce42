import { RefoldError } from '../../errors.ts';

/** The job file is missing, does not compile, does not load, or exports no job. */
export class JobModuleError extends RefoldError {
  override readonly name = 'JobModuleError';
  readonly code = 'REFOLD_JOB_MODULE';
  readonly retryable = false;
  readonly hint: string;

  /** `reason` may have several lines: the cause as the compiler or the user's own stack shows it. */
  constructor(values: { file: string; reason: string; hint: string }, options?: ErrorOptions) {
    super(`${values.file}: ${values.reason}`, { file: values.file, reason: values.reason }, options);
    this.hint = values.hint;
  }
}
