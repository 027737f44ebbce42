import { Worker } from 'node:worker_threads';
import { assert } from '../../errors.ts';
import { describeThrown, toFailure } from '../../job/failure.ts';
import { type InHand, RecordCursor } from '../../job/record-cursor.ts';
import { userFrames } from '../../job/user-frames.ts';
import { engineFile } from '../bundle/engine-file.ts';
import { JobModuleError } from '../bundle/job-module-error.ts';
import {
  HeapOverflowError,
  MemoryLimitError,
  RecordHungError,
  TaskCancelledError,
  TaskTimeoutError,
  ThreadCrashedError,
  UserExitError,
} from './sandbox-error.ts';
import type {
  FromThread,
  Sandbox,
  SandboxJob,
  SandboxLimits,
  TaskLimits,
  TaskOutcome,
  TaskReport,
  ThreadData,
  ToThread,
} from './sandbox-message.ts';
import { showMessagesOf } from './thread-messages.ts';

const WATCH_INTERVAL_MS = 50;
/** Time for a cancelled task to stop by itself before its thread is ended. */
const CANCEL_GRACE_MS = 500;
const TERMINATE_GRACE_MS = 2000;
/** The task thread has its own timer for the load; the supervisor's is for a top level that loops. */
const LOAD_GRACE_MS = 500;

/** A task thread and the memory through which it is watched. */
type TaskThread = { readonly worker: Worker; readonly cursor: RecordCursor };

/** The task in hand. */
type Watch = {
  readonly resolve: (outcome: TaskOutcome) => void;
  readonly onReport: (report: TaskReport) => void;
  readonly timer: NodeJS.Timeout;
  readonly startedAtMs: number;
  readonly limits: SandboxLimits;
  cancelledAtMs: number;
  sequence: number;
  sequenceAtMs: number;
};

/**
 * Runs tasks in a thread, one at a time, and outlives whatever user code does to that thread: it ends a thread that hangs, takes too
 * long or too much memory, says which record was in hand, and starts the next thread. A thread serves one job.
 */
export class Supervisor implements Sandbox {
  readonly pid = process.pid;
  /** Also while the thread boots: messages wait for it. A thread that dies is replaced at once. */
  readonly takesTasks = true;
  private readonly limits: SandboxLimits;
  private readonly onReady: () => void;
  private thread: TaskThread | undefined;
  private job: SandboxJob | undefined;
  private watch: Watch | undefined;
  private closed = false;

  /** Starts the first thread at once, so that it boots while others plan. `onReady`: a thread has booted. */
  constructor(limits: SandboxLimits, onReady: () => void = () => {}) {
    this.limits = limits;
    this.onReady = onReady;
    this.thread = this.startThread();
  }

  /** Loads the job ahead of its first task. A thread that has user code of another job in it is replaced. */
  prepare(job: SandboxJob): void {
    assert(this.watch === undefined, 'a sandbox changes its job between tasks');
    const isSame = this.job !== undefined && JSON.stringify(this.job) === JSON.stringify(job);
    if (this.job !== undefined && !isSame) void this.endThread();
    this.job = job;
    if (this.thread === undefined) this.thread = this.startThread();
    else if (!isSame) send(this.thread, { kind: 'prepare', job });
  }

  /** Never rejects. One task at a time, after `prepare`. */
  run(task: unknown, onReport: (report: TaskReport) => void, limits: TaskLimits = this.limits): Promise<TaskOutcome> {
    assert(this.watch === undefined && !this.closed, 'a sandbox runs one task at a time');
    assert(this.job !== undefined, 'a sandbox is prepared before its first task');
    this.thread ??= this.startThread();
    const nowMs = performance.now();
    const { promise, resolve } = Promise.withResolvers<TaskOutcome>();
    const timer = setInterval(() => this.check(), WATCH_INTERVAL_MS);
    this.watch = {
      resolve,
      onReport,
      timer,
      startedAtMs: nowMs,
      limits: { ...this.limits, ...limits },
      cancelledAtMs: Infinity,
      sequence: -1,
      sequenceAtMs: nowMs,
    };
    send(this.thread, { kind: 'run', task });
    return promise;
  }

  /** Asks the task to stop, and ends its thread if it does not. The task's outcome comes through `run` in either case. */
  cancel(): void {
    if (this.watch === undefined || this.thread === undefined) return;
    this.watch.cancelledAtMs = Math.min(this.watch.cancelledAtMs, performance.now());
    send(this.thread, { kind: 'cancel' });
  }

  /** Ends the thread, whatever it does. */
  async close(): Promise<void> {
    this.closed = true;
    this.end({ kind: 'failed', failure: toFailure(new TaskCancelledError()) });
    await this.endThread();
  }

  private startThread(): TaskThread {
    const cursor = new RecordCursor();
    const workerData: ThreadData = { cursorMemory: cursor.memory as SharedArrayBuffer, loadTimeoutMs: this.limits.loadTimeoutMs };
    const worker = new Worker(engineFile('task-thread'), {
      workerData,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil(this.limits.heapBytes / 2 ** 20) },
      stdout: true,
      stderr: true,
    });
    const thread = { worker, cursor };
    showMessagesOf(worker);
    worker.on('message', (message: FromThread) => this.onMessage(thread, message));
    worker.on('error', (error: unknown) => this.onError(thread, error));
    worker.on('exit', (exitCode) => this.lose(thread, (inHand) => new UserExitError(inHand, { exitCode })));
    if (this.job !== undefined) send(thread, { kind: 'prepare', job: this.job });
    return thread;
  }

  private onMessage(thread: TaskThread, message: FromThread): void {
    if (thread !== this.thread) return;
    if (message.kind === 'ready') this.onReady();
    else if (message.kind === 'ended') this.end(message.outcome);
    else this.watch?.onReport(message);
  }

  private onError(thread: TaskThread, error: unknown): void {
    if ((error as { code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
      this.lose(thread, (inHand) => new HeapOverflowError(inHand, { heapBytes: this.limits.heapBytes }));
      return;
    }
    const { name, message, stack } = describeThrown(error);
    const values = { reason: `${name}: ${message}`, stack: userFrames(stack).join('\n') || stack };
    this.lose(thread, (inHand) => new ThreadCrashedError(inHand, values, { cause: error }));
  }

  /** The limits, several times a second while a task runs. */
  private check(): void {
    const { thread, watch } = this;
    if (thread === undefined || watch === undefined) return;
    const { limits } = watch;
    const nowMs = performance.now();
    const inHand = thread.cursor.inHand();
    if (inHand.sequence !== watch.sequence || inHand.kind === 'nothing') {
      watch.sequence = inHand.sequence;
      watch.sequenceAtMs = nowMs;
    }
    const inHandMs = nowMs - watch.sequenceAtMs;
    if (inHand.kind === 'load') {
      if (inHandMs > limits.loadTimeoutMs + LOAD_GRACE_MS) this.lose(thread, () => this.loadTimeout());
    } else if (inHandMs > limits.recordTimeoutMs) {
      this.lose(thread, () => new RecordHungError(inHand, { recordTimeoutMs: limits.recordTimeoutMs }));
    }
    if (nowMs - watch.cancelledAtMs > CANCEL_GRACE_MS) this.lose(thread, () => new TaskCancelledError());
    if (nowMs - watch.startedAtMs > limits.taskTimeoutMs)
      this.lose(thread, () => new TaskTimeoutError(inHand, { taskTimeoutMs: limits.taskTimeoutMs }));
    const residentBytes = process.memoryUsage.rss();
    if (residentBytes > limits.sandboxMemoryBytes) {
      const { sandboxMemoryBytes } = limits;
      this.lose(thread, () => new MemoryLimitError(inHand, { residentBytes, sandboxMemoryBytes }));
    }
  }

  private loadTimeout(): JobModuleError {
    const reason = `its top level did not finish within ${this.limits.loadTimeoutMs} ms.`;
    return new JobModuleError({
      file: this.job?.jobFile ?? '',
      reason,
      hint: 'Look for a loop without an end outside of the functions.',
    });
  }

  /**
   * The thread is dead or must die. The first cause is the task's outcome, told when the thread is gone and its memory with it; the
   * next thread boots meanwhile.
   */
  private lose(thread: TaskThread, error: (inHand: InHand) => Error): void {
    if (thread !== this.thread) return;
    const inHand = thread.cursor.inHand();
    const gone = this.endThread();
    const watch = this.watch;
    if (watch === undefined) return; // Died idle: the next task starts another, so that a crash by a timer cannot loop.
    clearInterval(watch.timer);
    const failure = toFailure(error(inHand));
    this.thread = this.startThread();
    void gone.then(() => this.end({ kind: 'failed', failure }, watch));
  }

  /** Resolves when the thread is gone, or after a while: one in the middle of a long native call ends later. */
  private async endThread(): Promise<void> {
    const worker = this.thread?.worker;
    this.thread = undefined;
    if (worker === undefined) return;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, TERMINATE_GRACE_MS);
    await Promise.race([worker.terminate(), late]);
    clearTimeout(timer);
  }

  private end(outcome: TaskOutcome, watch = this.watch): void {
    if (watch === undefined || watch !== this.watch) return;
    this.watch = undefined;
    clearInterval(watch.timer);
    watch.resolve(outcome);
  }
}

function send(thread: TaskThread, message: ToThread): void {
  thread.worker.postMessage(message);
}
