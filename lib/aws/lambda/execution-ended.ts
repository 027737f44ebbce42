import type { Flow } from '../../coordinator/advance-job.ts';
import type { MachineInput, MarkFailedAnswer } from '../../coordinator/machine-call.ts';
import { markFailed } from '../../coordinator/mark-failed.ts';
import { executionFailure } from '../start/execution-failure.ts';
import type { ExecutionEnd } from '../start/executions.ts';

/** An execution that has ended, as EventBridge tells of it. */
export type EndedExecution = MachineInput & { readonly end: ExecutionEnd };

/**
 * Undefined when the event is no 'Step Functions Execution Status Change'. An execution's name says which run it is; `foreign`: it is none of
 * ours, or has not ended.
 */
export function parseEndedExecution(event: unknown): EndedExecution | 'foreign' | undefined {
  const { 'detail-type': type, detail } = (event ?? {}) as { readonly 'detail-type'?: unknown; readonly detail?: unknown };
  if (type !== 'Step Functions Execution Status Change') return undefined;
  const { name, status, error, cause } = (detail ?? {}) as Readonly<Record<string, unknown>>;
  const [, jobId, run] = /^([\w.-]+)-(\d+)$/.exec(String(name)) ?? [];
  if (jobId === undefined || !isEnd(status)) return 'foreign';
  const said = { ...(typeof error === 'string' && { error }), ...(typeof cause === 'string' && { cause }) };
  return { jobId, run: Number(run), end: { status, ...said } };
}

/**
 * Marks what no Catch sees: an execution that was stopped, timed out, or hit a limit. Fenced by its run, and nothing happens to a job that
 * has ended or is committing. One that failed by itself is marked already, or says why in its cause.
 */
export async function executionEnded(flow: Flow, ended: EndedExecution | 'foreign'): Promise<MarkFailedAnswer | undefined> {
  if (ended === 'foreign') return undefined;
  const { jobId, run, end } = ended;
  if (end.status === 'SUCCEEDED') return undefined;
  // A job that is forgotten, or another maker's name.
  if ((await flow.world.ledger.readJob(jobId)) === undefined) return undefined;
  const failure = executionFailure(jobId, run, end);
  const seen = { Error: failure.name, Cause: JSON.stringify(failure) };
  return await markFailed(flow, { jobId, run, at: { next: 'plan', step: 0 }, failure: seen });
}

function isEnd(status: unknown): status is ExecutionEnd['status'] {
  return status === 'SUCCEEDED' || status === 'FAILED' || status === 'TIMED_OUT' || status === 'ABORTED';
}
