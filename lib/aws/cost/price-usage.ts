import type { TaskItem } from '../../ports/task-ledger.ts';
import { type CostItem, costItem, sumUsd } from './cost-item.ts';
import { LOG_BYTES_PER_INVOCATION } from './estimate-job.ts';
import { MB_PER_GB } from './prices.ts';

/** What a job has cost so far. */
export type UsageCost = { readonly items: readonly CostItem[]; readonly usd: number };

/** Requests so far, where they are known: those of the process that asks, or an estimate's. */
export type UsedRequests = Readonly<Partial<Record<'s3Get' | 's3Put' | 's3List' | 'transitions', number>>>;

/**
 * The price of attempts, finished and running, from what the ledger knows of them. An attempt that was killed counts as running until
 * `attemptMsMax`, the longest a sandbox lives. What every attempt brings with it, its request, transition, ledger writes and log line, is
 * counted; functions that decide are not in the ledger and cost little.
 */
export function priceUsage(
  tasks: readonly Pick<TaskItem, 'attempts' | 'usage'>[],
  nowMs: number,
  requests: UsedRequests = {},
  attemptMsMax: number = SANDBOX_MS_MAX,
): UsageCost {
  let attempts = 0;
  let finishedMbMs = 0;
  let runningMbMs = 0;
  for (const task of tasks) {
    attempts += task.attempts;
    finishedMbMs += task.usage.finishedMbMs;
    for (const { beganAtMs, sandboxMemoryMb } of task.usage.running) {
      runningMbMs += Math.min(Math.max(0, nowMs - beganAtMs), attemptMsMax) * sandboxMemoryMb;
    }
  }
  const gbSeconds = (mbMs: number) => mbMs / MB_PER_GB / 1_000;
  const items = [
    costItem('Lambda finished attempts', 'lambdaGbSecond', gbSeconds(finishedMbMs)),
    costItem('Lambda running attempts', 'lambdaGbSecond', gbSeconds(runningMbMs)),
    costItem('Lambda requests', 'lambdaRequest', attempts),
    costItem('Step Functions', 'transition', requests.transitions ?? attempts),
    costItem('S3 GET, HEAD', 's3Get', requests.s3Get ?? 0),
    costItem('S3 PUT, POST', 's3Put', requests.s3Put ?? 0),
    costItem('S3 LIST', 's3List', requests.s3List ?? 0),
    costItem('DynamoDB writes', 'ledgerWrite', attempts * WRITES_PER_ATTEMPT),
    costItem('CloudWatch logs', 'logGb', (attempts * LOG_BYTES_PER_INVOCATION) / 1e9),
  ].filter(({ quantity }) => quantity > 0);
  return { items, usd: sumUsd(items) };
}

/** Lambda's longest invocation: 15 minutes. */
const SANDBOX_MS_MAX = 900_000;
const WRITES_PER_ATTEMPT = 3;
