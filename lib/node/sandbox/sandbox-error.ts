import { type ErrorValues, RefoldError } from '../../errors.ts';
import { TASK_CANCELLED } from '../../job/failure.ts';
import type { InHand } from '../../job/record-cursor.ts';
import { showKey } from '../../record/show-key.ts';
import { showValue } from '../../record/show-value.ts';

/** The worker process died: killed, or crashed below JavaScript. What it was doing is unknown; its attempt never commits later. */
export class SandboxLostError extends RefoldError {
  override readonly name = 'SandboxLostError';
  readonly code = 'REFOLD_SANDBOX_LOST';
  readonly retryable = true;
  readonly hint =
    'The task is run again by itself; if this repeats, look for what kills processes: memory limits of the machine or a native module.';
  constructor(values: { pid: number; end: string }, options?: ErrorOptions) {
    super(`Worker process ${values.pid} ended in mid-task (${values.end}).`, values, options);
  }
}

/** No worker process can be started, or all of them die before they are ready. */
export class SandboxStartError extends RefoldError {
  override readonly name = 'SandboxStartError';
  readonly code = 'REFOLD_SANDBOX_START';
  readonly retryable = false;
  readonly hint = 'Try --workers inline; check the limits on processes and memory of this machine.';
  constructor(values: { reason: string }, options?: ErrorOptions) {
    super(`Worker processes cannot be started: ${values.reason}.`, values, options);
  }
}

/** The caller no longer wants the task, or the pool closed under it. */
export class TaskCancelledError extends RefoldError {
  override readonly name = 'TaskCancelledError';
  readonly code = TASK_CANCELLED;
  readonly retryable = true;
  readonly hint = 'Run the same command again to go on.';
  constructor() {
    super('The task was cancelled.');
  }
}

export class TaskTimeoutError extends RefoldError {
  override readonly name = 'TaskTimeoutError';
  readonly code = 'REFOLD_TASK_TIMEOUT';
  readonly retryable = true;
  readonly hint = 'Raise --task-timeout-ms, or make tasks smaller with --split-bytes or --reduce-tasks.';
  constructor(inHand: InHand, values: { taskTimeoutMs: number }) {
    super(`The task took longer than ${values.taskTimeoutMs} ms${at(inHand)}.`, { ...values, ...placeValues(inHand) });
  }
}

/** User code did not give a record back: an endless loop, or a promise that never settles. */
export class RecordHungError extends RefoldError {
  override readonly name = 'RecordHungError';
  readonly code = 'REFOLD_RECORD_HUNG';
  readonly retryable = true;
  readonly hint =
    'Look for a loop without an end or a promise that never settles; if the work is honest, raise --record-timeout-ms.';
  constructor(inHand: InHand, values: { recordTimeoutMs: number }) {
    super(`User code did not return within ${values.recordTimeoutMs} ms${at(inHand)}.`, { ...values, ...placeValues(inHand) });
  }
}

/** The JavaScript heap of the task thread is full. */
export class HeapOverflowError extends RefoldError {
  override readonly name = 'HeapOverflowError';
  readonly code = 'REFOLD_HEAP_OVERFLOW';
  readonly retryable = true;
  readonly hint = 'Hold less in memory: emit as you go, and read the values of a group one by one instead of into an array.';
  constructor(inHand: InHand, values: { heapBytes: number }) {
    super(`The task's heap of ${mib(values.heapBytes)} is full${at(inHand)}.`, { ...values, ...placeValues(inHand) });
  }
}

/** The sandbox's resident memory, typed arrays and buffers included, is above its limit. */
export class MemoryLimitError extends RefoldError {
  override readonly name = 'MemoryLimitError';
  readonly code = 'REFOLD_MEMORY_LIMIT';
  readonly retryable = true;
  readonly hint =
    'Hold less in memory. On this machine fewer workers have more each; on AWS larger functions were tried, where the stack has any.';
  constructor(inHand: InHand, values: { residentBytes: number; sandboxMemoryBytes: number }) {
    super(`The task uses ${mib(values.residentBytes)} of memory, its limit is ${mib(values.sandboxMemoryBytes)}${at(inHand)}.`, {
      ...values,
      ...placeValues(inHand),
    });
  }
}

export class UserExitError extends RefoldError {
  override readonly name = 'UserExitError';
  readonly code = 'REFOLD_USER_EXIT';
  readonly retryable = true;
  readonly hint = 'Throw an error instead: it fails the task and says where.';
  constructor(inHand: InHand, values: { exitCode: number }) {
    super(`Your code called process.exit(${values.exitCode})${at(inHand)}.`, { ...values, ...placeValues(inHand) });
  }
}

/** An error that no promise or caller of user code took: thrown in a timer or an event, or a rejection that nobody awaited. */
export class ThreadCrashedError extends RefoldError {
  override readonly name = 'ThreadCrashedError';
  readonly code = 'REFOLD_THREAD_CRASHED';
  readonly retryable = true;
  readonly hint = 'Await every promise and catch errors in timers and event handlers.';
  constructor(inHand: InHand, values: { reason: string; stack: string }, options?: ErrorOptions) {
    super(
      `An error outside of every call ended the task${at(inHand)}: ${values.reason}${/[.!?]$/.test(values.reason) ? '' : '.'}`,
      { ...values, ...placeValues(inHand) },
      options,
    );
  }
}

function at(inHand: InHand): string {
  switch (inHand.kind) {
    case 'record':
      return `, with record ${inHand.record} at byte ${inHand.byte} of ${inHand.object} in hand`;
    case 'group':
      return `, with the group of key ${keyText(inHand.key)} in hand`;
    case 'setup':
    case 'cleanup':
      return ` in ${inHand.kind}()`;
    case 'load':
      return ' while the job file was loaded';
    case 'nothing':
      return '';
  }
}

function placeValues(inHand: InHand): ErrorValues {
  switch (inHand.kind) {
    case 'record':
      return { object: inHand.object, byte: inHand.byte, record: inHand.record };
    case 'group':
      return { key: keyText(inHand.key) };
    default:
      return { phase: inHand.kind };
  }
}

function keyText(key: Uint8Array): string {
  try {
    return showKey(key, 0, key.length);
  } catch {
    return showValue(Buffer.from(key.subarray(1)).toString()); // Cut by the cursor, so it does not decode. The first byte is its tag.
  }
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
