import { openStackClient } from '../../aws/connect/connect.ts';
import { resumeJob, startPrepared } from '../../aws/connect/submit-job.ts';
import { type Estimate, estimateJob, FUNCTION_SIZES, type FunctionSizes } from '../../aws/cost/estimate-job.ts';
import { priceUsage } from '../../aws/cost/price-usage.ts';
import { PRICES_DATE } from '../../aws/cost/prices.ts';
import type { AwsRequests } from '../../aws/requests/requests.ts';
import { followLogEvents, type LogEvent, logGroupsOf, readLogEvents } from '../../aws/stack/log-events.ts';
import type { Deployment, DeploymentFacts } from '../../aws/stack/stack-outputs.ts';
import { executionName } from '../../aws/start/executions.ts';
import { prepareSubmission } from '../../aws/start/prepare-submission.ts';
import type { BillSide, LogLine, LogQuery, StackAccess } from './stack-access.ts';

/**
 * The stack of that name in the account and region that the AWS tools would use. One request. Closing it closes the sockets.
 * @throws StackMissingError, StackUnusableError, CredentialsError, RegionMissingError, AccessDeniedError
 */
export async function openStackAccess(stack: string): Promise<{ readonly access: StackAccess; readonly close: () => void }> {
  const client = await openStackClient({ stack });
  const { deployment, world, executions, requests } = client;
  const sizes = sizesOf(deployment.facts);
  const access: StackAccess = {
    stack,
    world,
    prepare: (submission) => prepareSubmission(deployment, world, submission),
    start: (prepared, jobFile) => startPrepared(client, prepared, jobFile),
    resume: (jobId, options, isOverwrite) => resumeJob(client, jobId, options, isOverwrite),
    async isRunning({ jobId, run }) {
      return run > 0 && (await executions.describe(executionName(jobId, run))).kind === 'running';
    },
    async stopExecution({ jobId, run }) {
      const cause = 'The job is CANCELLED in the ledger.';
      if (run > 0) await executions.stop(executionName(jobId, run), { error: 'Cancelled', cause });
    },
    estimate({ record, run }, splits) {
      const { shape, options, inputs } = record;
      const job = { shape, options, inputs, workers: run.workers, ...(splits !== undefined && { splits }) };
      const { low, high } = estimateJob(job, sizes);
      return { low: sideOf(low), high: sideOf(high), notes: NOTES };
    },
    costOf: (tasks) => priceUsage(tasks, world.clock.nowMs()).usd,
    readLogs: (query, signal) => readJobLogs(requests, deployment, query, signal),
  };
  return { access, close: () => requests.close() };
}

const NOTES = [`prices of us-east-1 on demand, as of ${PRICES_DATE}, without the free tier; retries come on top`];

/** MB by function, as the stack says; what it does not say is what stacks have by default. */
function sizesOf({ memory, scratchMb = FUNCTION_SIZES.scratchMb }: DeploymentFacts): FunctionSizes {
  const { mapMemoryMb, reduceMemoryMb, otherMemoryMb } = FUNCTION_SIZES;
  return {
    mapMemoryMb: memory.map ?? mapMemoryMb,
    reduceMemoryMb: memory.reduce ?? reduceMemoryMb,
    otherMemoryMb: memory.plan ?? otherMemoryMb,
    scratchMb,
  };
}

function sideOf({ items, usd }: Estimate): BillSide {
  return { usd, items };
}

async function* readJobLogs(
  requests: AwsRequests,
  { functions }: Deployment,
  { jobId, role, sinceMs, isFollowed }: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const names = logGroupsOf(functions, role);
  const search = { logGroups: [...names.keys()], text: jobId, sinceMs };
  const events: AsyncIterable<LogEvent> = isFollowed
    ? followLogEvents(requests, search, signal)
    : readLogEvents(requests, search, signal);
  for await (const { atMs, logGroup, message } of events) {
    if (signal.aborted) return;
    yield { atMs, message, functionName: names.get(logGroup) ?? logGroup };
  }
}
