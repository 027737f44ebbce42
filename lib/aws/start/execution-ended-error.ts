import { RefoldError } from '../../errors.ts';

/** The execution of a run was ended from outside: by StopExecution, by its own time limit, or by a limit of Step Functions. */
export class ExecutionEndedError extends RefoldError {
  override readonly name = 'ExecutionEndedError';
  readonly code = 'REFOLD_EXECUTION_ENDED';
  readonly retryable = true;
  readonly hint = 'Submit the job again, or resume it with refold resume: it goes on from the finished tasks.';
  constructor(values: { jobId: string; run: number; status: string; reason: string }, options?: ErrorOptions) {
    const { jobId, run, status, reason } = values;
    super(`The execution of run ${run} of ${jobId} ended as ${status}${reason === '' ? '' : `: ${reason}`}.`, values, options);
  }
}
