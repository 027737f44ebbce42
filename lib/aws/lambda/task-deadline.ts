import type { SandboxTask } from '../../coordinator/run-task.ts';
import type { Failure } from '../../errors.ts';
import { cutFailure } from '../../job/failure.ts';
import type { TaskProgress } from '../../node/sandbox/sandbox-message.ts';

/**
 * Kept back from a function's time to end an attempt in order: the thread ends within 2 s, and the ledger is told, through throttling if
 * need be.
 */
const COMMIT_RESERVE_MS = 8_000;

/** What Lambda tells each invocation. */
export type Invocation = { getRemainingTimeInMillis(): number };

/** How long the task may run. A function with a short timeout keeps a quarter of it back. */
export function taskTimeoutMs(invocation: Invocation): number {
  const remainingMs = invocation.getRemainingTimeInMillis();
  return Math.max(1, remainingMs - Math.min(COMMIT_RESERVE_MS, remainingMs / 4));
}

/**
 * The failure of an attempt that its function's time has ended, with how far it came and what would make the task fit. Where a larger
 * function is left, the state machine tries that first: it has more processor too.
 */
export function deadlineFailure(failure: Failure, role: SandboxTask['role'], timeoutMs: number, progress: TaskProgress): Failure {
  const { bytes, records } = progress;
  const seconds = Math.round(timeoutMs / 1000);
  const cameTo = `it had read ${bytes} bytes and ${records} records`;
  return cutFailure({
    ...failure,
    message: `${failure.message.replace(/^The task took longer than \d+ ms/, `The ${role} task did not end within its function's ${seconds} s`)} At that point ${cameTo}.`,
    hint: hintOf(role, progress),
    values: { ...failure.values, bytes, records },
  });
}

function hintOf(role: SandboxTask['role'], { bytes }: TaskProgress): string {
  const larger = 'deploy the functions with a longer timeout or more memory';
  if (role === 'reduce') return `Make tasks smaller with --reduce-tasks, or ${larger}.`;
  if (role !== 'map' || bytes === 0) return `Make tasks smaller with --split-bytes, or ${larger}.`;
  const mib = Math.max(1, Math.floor((bytes * 0.8) / 2 ** 20));
  return `At this pace a split of ${mib} MiB fits: use --split-bytes ${mib}MiB, or ${larger}.`;
}
