import type { SandboxTask, TaskPrograms } from '../../coordinator/run-task.ts';
import type { Failure } from '../../errors.ts';
import type { AttemptControl } from '../../job/attempt-control.ts';
import { toFailure } from '../../job/failure.ts';

/** How an attempt ended that could say so itself. Plain data: it crosses from the task thread. */
export type AttemptAccount = {
  /** Undefined: it has committed, or its result was not wanted. */
  readonly failure?: Failure;
  readonly bytes: number;
  readonly records: number;
  /** AWS requests by operation. */
  readonly requests: Readonly<Record<string, number>>;
};

/** One attempt with its account, also when it fails. Never throws. */
export async function runToEnd(
  programs: TaskPrograms,
  task: SandboxTask,
  control: AttemptControl,
  takeCounts: () => Readonly<Record<string, number>>,
): Promise<AttemptAccount> {
  let progress = { bytes: 0, records: 0 };
  const onProgress: AttemptControl['onProgress'] = (now) => {
    progress = { bytes: Math.max(progress.bytes, now.bytes), records: now.records };
    control.onProgress?.(now);
  };
  takeCounts();
  try {
    await programs.run(task, { ...control, onProgress });
    return { ...progress, requests: takeCounts() };
  } catch (error) {
    return { failure: toFailure(error), ...progress, requests: takeCounts() };
  }
}
