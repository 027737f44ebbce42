import { RefoldError } from '../../errors.ts';
import { hasEnded } from '../../ports/ledger-job.ts';
import type { JobItem } from '../../ports/task-ledger.ts';
import { withStack } from './on-stack.ts';
import type { StackAccess } from './stack-access.ts';

/** What would take the functions away from jobs that run, or the code that they run. */
export type StackChange = 'deploy' | 'destroy';

/** The functions hold the code of one deployment: what runs on other code, or on none, would fail. */
export class StackBusyError extends RefoldError {
  override readonly name = 'StackBusyError';
  readonly code = 'REFOLD_STACK_BUSY';
  readonly retryable = false;
  readonly hint: string;
  constructor(values: { stack: string; change: StackChange; jobs: string; count: number }, options?: ErrorOptions) {
    const { stack, change, jobs, count } = values;
    const what = count === 1 ? 'a job runs' : `${count} jobs run`;
    super(`On the stack ${stack} ${what}, ${ENDANGERS[change]}: ${jobs}.`, values, options);
    this.hint = `Wait for them (refold watch), cancel them (refold cancel), or give --while-running: ${FAILS[change]}.`;
  }
}

const ENDANGERS = { deploy: 'whose code a deployment may replace', destroy: 'which would end with it' } as const;
const FAILS = { deploy: 'those whose code changes then fail', destroy: 'then they end where they stand' } as const;

const SHOWN_MAX = 5;

/** Looks at every job that the ledger has not seen end. @throws StackBusyError */
export async function refuseWhileRunning(
  { stack, world, isRunning }: Pick<StackAccess, 'stack' | 'world' | 'isRunning'>,
  change: StackChange,
): Promise<void> {
  const running: JobItem[] = [];
  for (const job of await world.ledger.listJobs()) if (!hasEnded(job.state) && (await isRunning(job))) running.push(job);
  if (running.length === 0) return;
  const shown = running.slice(0, SHOWN_MAX).map(({ jobId }) => jobId);
  const jobs = [...shown, ...(running.length > SHOWN_MAX ? ['…'] : [])].join(', ');
  throw new StackBusyError({ stack, change, jobs, count: running.length });
}

/** A stack that is not there yet, or is not whole, runs nothing. @throws StackBusyError */
export async function checkRunningJobs(stack: string, change: StackChange): Promise<void> {
  try {
    await withStack(stack, (access) => refuseWhileRunning(access, change));
  } catch (error) {
    if (!(error instanceof RefoldError) || !NOTHING_RUNS.has(error.code)) throw error;
  }
}

const NOTHING_RUNS: ReadonlySet<string> = new Set([
  'REFOLD_STACK_MISSING',
  'REFOLD_STACK_UNUSABLE',
  'REFOLD_AWS_RESOURCE_MISSING',
]);
