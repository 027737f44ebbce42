import { RefoldError } from '../../errors.ts';
import { hasEnded } from '../../ports/ledger-job.ts';
import type { JobItem } from '../../ports/task-ledger.ts';
import type { StackAccess } from './stack-access.ts';

/** The functions hold the code of one deployment: what runs on other code would fail. */
export class StackBusyError extends RefoldError {
  override readonly name = 'StackBusyError';
  readonly code = 'REFOLD_STACK_BUSY';
  readonly retryable = false;
  readonly hint =
    'Wait for them (refold watch), cancel them (refold cancel), or give --while-running: those whose code changes then fail.';
  constructor(values: { stack: string; jobs: string; count: number }, options?: ErrorOptions) {
    const { stack, jobs, count } = values;
    const what = count === 1 ? 'a job runs' : `${count} jobs run`;
    super(`On the stack ${stack} ${what}, whose code a deployment may replace: ${jobs}.`, values, options);
  }
}

const SHOWN_MAX = 5;

/** Looks at every job that the ledger has not seen end. @throws StackBusyError */
export async function refuseWhileRunning({ stack, world, isRunning }: Pick<StackAccess, 'stack' | 'world' | 'isRunning'>) {
  const running: JobItem[] = [];
  for (const job of await world.ledger.listJobs()) if (!hasEnded(job.state) && (await isRunning(job))) running.push(job);
  if (running.length === 0) return;
  const shown = running.slice(0, SHOWN_MAX).map(({ jobId }) => jobId);
  const jobs = [...shown, ...(running.length > SHOWN_MAX ? ['…'] : [])].join(', ');
  throw new StackBusyError({ stack, jobs, count: running.length });
}
