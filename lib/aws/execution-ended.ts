import type { Flow } from '../coordinator/advance-job.ts';
import type { MachineInput, MarkFailedAnswer } from '../coordinator/machine-call.ts';
import { markFailed } from '../coordinator/mark-failed.ts';
import { RefoldError } from '../errors.ts';
import { toFailure } from '../job/failure.ts';

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

/** An execution that has ended, as EventBridge tells of it. */
export type EndedExecution = MachineInput & {
  readonly status: string;
  readonly error: string;
  readonly cause: string;
};

/** Undefined when the event is no 'Step Functions Execution Status Change' of a run of ours; its name says which run it is. */
export function parseEndedExecution(event: unknown): EndedExecution | undefined {
  const { 'detail-type': type, detail } = (event ?? {}) as { readonly 'detail-type'?: unknown; readonly detail?: unknown };
  if (type !== 'Step Functions Execution Status Change') return undefined;
  const { name, status, error, cause } = (detail ?? {}) as Readonly<Record<string, unknown>>;
  const [, jobId, run] = /^([\w.-]+)-(\d+)$/.exec(String(name)) ?? [];
  if (jobId === undefined || typeof status !== 'string') return undefined;
  return { jobId, run: Number(run), status, error: String(error ?? ''), cause: String(cause ?? '') };
}

/**
 * Marks what no Catch sees: an execution that was stopped, timed out, or hit a limit. Fenced by its run, and nothing happens to a job that
 * has ended or is committing. One that failed by itself is marked already, or says why in its cause.
 */
export async function executionEnded(flow: Flow, ended: EndedExecution): Promise<MarkFailedAnswer | undefined> {
  const { jobId, run, status } = ended;
  if (status === 'SUCCEEDED' || status === 'RUNNING') return undefined;
  // Executions of other makers' names, and jobs that are forgotten.
  if ((await flow.world.ledger.readJob(jobId)) === undefined) return undefined;
  const failure = status === 'FAILED' ? { Error: ended.error || status, Cause: ended.cause } : failureOf(ended);
  return await markFailed(flow, { jobId, run, at: { next: 'plan', step: 0 }, failure });
}

function failureOf({ jobId, run, status, error, cause }: EndedExecution): { Error: string; Cause: string } {
  const reason = [error, cause].filter((text) => text !== '').join(': ');
  const failure = toFailure(new ExecutionEndedError({ jobId, run, status, reason }));
  return { Error: failure.name, Cause: JSON.stringify(failure) };
}
