import { assert } from '../../errors.ts';
import { FailureError, toFailure } from '../../job/failure.ts';
import { SandboxStartError, TaskCancelledError } from '../../node/sandbox/sandbox-error.ts';
import {
  DEFAULT_SANDBOX_LIMITS,
  type Sandbox,
  type SandboxJob,
  type SandboxLimits,
  type TaskOutcome,
  type TaskProgress,
  type TaskReport,
} from '../../node/sandbox/sandbox-message.ts';

/** A worker that dies this often in a row before it is ready is not started again. */
const BOOT_DEATHS_MAX = 5;
/** Before the second try, doubled for each further one. */
const BOOT_RETRY_MS = 20;

export type SandboxEvent =
  | { readonly kind: 'sandbox-started'; readonly pid: number }
  /** `reason` is a signal or an exit code. A sandbox that ended before the pool closed or shrank is replaced. */
  | { readonly kind: 'sandbox-ended'; readonly pid: number; readonly reason: string };

export type SandboxPoolOptions = {
  /** How many worker processes, or `inline`: one supervised thread of this process. */
  readonly workers: number | 'inline';
  readonly limits?: Partial<SandboxLimits>;
  readonly onEvent?: (event: SandboxEvent) => void;
};

export type RunOptions = {
  readonly signal?: AbortSignal;
  /** The attempt has begun to run; called at most once, before progress and log lines. */
  readonly onBegun?: (attemptId: string, pid: number) => void;
  readonly onProgress?: (progress: TaskProgress) => void;
  readonly onLog?: (line: string) => void;
};

export interface SandboxPool {
  /** Before the first task: every sandbox, also a later one, loads this job at once. Again with another job: between tasks only. */
  prepare(job: SandboxJob): void;
  /**
   * Runs one task, once, in the first sandbox that is free; first come, first served. Nothing is tried again here.
   * @throws FailureError, whatever went wrong: `name` and `code` are those of the cause, SandboxLostError when the process died
   */
  run(task: unknown, options?: RunOptions): Promise<unknown>;
  /** More workers start at once; surplus ones end when their task has ended. Not for `inline`. */
  resize(workers: number): void;
  /** Ends every sandbox and fails what still runs or waits as cancelled. No process is left when it resolves. */
  close(): Promise<void>;
}

/** Starts the sandboxes at once, so that they boot while the coordinator plans. */
export async function createSandboxPool(options: SandboxPoolOptions): Promise<SandboxPool> {
  const limits = { ...DEFAULT_SANDBOX_LIMITS, ...options.limits };
  const onEvent = options.onEvent ?? (() => {});
  if (options.workers === 'inline') {
    const { Supervisor } = await import('../../node/sandbox/supervisor.ts');
    return new Pool(1, () => ({ sandbox: new Supervisor(limits), ended: undefined }), onEvent);
  }
  const { WorkerSandbox } = await import('./worker-sandbox.ts');
  const start: StartSandbox = (onReady) => {
    const sandbox = new WorkerSandbox(limits, onReady);
    return { sandbox, ended: sandbox.ended };
  };
  return new Pool(options.workers, start, onEvent);
}

type StartSandbox = (onReady: () => void) => {
  readonly sandbox: Sandbox;
  readonly ended: Promise<{ readonly reason: string; readonly booted: boolean }> | undefined;
};

/** A place for a sandbox, which may have several one after another. */
type Slot = { sandbox: Sandbox | undefined; task: WaitingTask | undefined; bootDeaths: number; isSurplus: boolean };

type WaitingTask = { readonly task: unknown; readonly options: RunOptions; readonly resolve: (outcome: TaskOutcome) => void };

class Pool implements SandboxPool {
  private readonly startSandbox: StartSandbox;
  private readonly onEvent: (event: SandboxEvent) => void;
  private readonly slots = new Set<Slot>();
  private readonly waiting: WaitingTask[] = [];
  private readonly endings = new Set<Promise<void>>();
  private job: SandboxJob | undefined;
  private isClosed = false;
  private startFailure = '';

  constructor(workers: number, startSandbox: StartSandbox, onEvent: (event: SandboxEvent) => void) {
    this.startSandbox = startSandbox;
    this.onEvent = onEvent;
    this.resize(workers);
  }

  prepare(job: SandboxJob): void {
    this.job = job;
    for (const slot of this.slots) slot.sandbox?.prepare(job);
  }

  async run(task: unknown, options: RunOptions = {}): Promise<unknown> {
    assert(this.job !== undefined, 'a pool is prepared before its first task');
    const outcome = await this.enqueue(task, options);
    if (outcome.kind === 'failed') throw new FailureError(outcome.failure);
    return outcome.answer;
  }

  resize(workers: number): void {
    assert(Number.isInteger(workers) && workers >= 1, 'a pool without workers never ends a task');
    const kept = [...this.slots].filter((slot) => !slot.isSurplus);
    const idleFirst = kept.sort((a, b) => Number(a.task !== undefined) - Number(b.task !== undefined));
    for (const slot of idleFirst.slice(0, Math.max(0, kept.length - workers))) {
      slot.isSurplus = true;
      if (slot.task === undefined) this.retire(slot);
    }
    for (let count = kept.length; count < workers; count++) {
      const slot: Slot = { sandbox: undefined, task: undefined, bootDeaths: 0, isSurplus: false };
      this.slots.add(slot);
      this.fill(slot);
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.failWaiting(new TaskCancelledError());
    for (const slot of [...this.slots]) this.retire(slot);
    await Promise.all(this.endings);
  }

  private enqueue(task: unknown, options: RunOptions): Promise<TaskOutcome> {
    const { promise, resolve } = Promise.withResolvers<TaskOutcome>();
    const entry: WaitingTask = { task, options, resolve };
    const { signal } = options;
    if (signal?.aborted || this.isClosed) return Promise.resolve(failed(new TaskCancelledError()));
    if (this.slots.size === 0) return Promise.resolve(failed(new SandboxStartError({ reason: this.startFailure })));
    const onAbort = (): void => this.cancel(entry);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.waiting.push(entry);
    this.dispatch();
    return promise.finally(() => signal?.removeEventListener('abort', onAbort));
  }

  private cancel(entry: WaitingTask): void {
    const index = this.waiting.indexOf(entry);
    if (index >= 0) {
      this.waiting.splice(index, 1);
      entry.resolve(failed(new TaskCancelledError()));
      return;
    }
    for (const slot of this.slots) if (slot.task === entry) slot.sandbox?.cancel();
  }

  /** Hands waiting tasks to idle sandboxes. One that still boots gets none: if it dies, no task is lost with it. */
  private dispatch(): void {
    for (const slot of this.slots) {
      if (this.waiting.length === 0) return;
      const { sandbox } = slot;
      if (slot.task !== undefined || slot.isSurplus || !sandbox?.takesTasks) continue;
      void this.runIn(slot, sandbox, this.waiting.shift()!);
    }
  }

  private async runIn(slot: Slot, sandbox: Sandbox, entry: WaitingTask): Promise<void> {
    slot.task = entry;
    const outcome = await sandbox.run(entry.task, (report) => tell(entry.options, report, sandbox.pid));
    slot.task = undefined;
    entry.resolve(outcome);
    if (slot.isSurplus) this.retire(slot);
    else this.dispatch();
  }

  private fill(slot: Slot): void {
    const { sandbox, ended } = this.startSandbox(() => {
      slot.bootDeaths = 0;
      this.dispatch();
    });
    slot.sandbox = sandbox;
    this.onEvent({ kind: 'sandbox-started', pid: sandbox.pid });
    if (this.job !== undefined) sandbox.prepare(this.job);
    void ended?.then(({ reason, booted }) => {
      this.onEvent({ kind: 'sandbox-ended', pid: sandbox.pid, reason });
      if (slot.sandbox !== sandbox || !this.slots.has(slot)) return;
      slot.sandbox = undefined;
      if (slot.isSurplus) this.slots.delete(slot);
      else if (booted) this.refill(slot);
      else this.retryBoot(slot, reason);
    });
  }

  private refill(slot: Slot): void {
    if (this.isClosed || !this.slots.has(slot)) return;
    this.fill(slot);
  }

  private retryBoot(slot: Slot, reason: string): void {
    slot.bootDeaths++;
    if (slot.bootDeaths < BOOT_DEATHS_MAX) {
      setTimeout(() => this.refill(slot), BOOT_RETRY_MS * 2 ** slot.bootDeaths);
      return;
    }
    this.slots.delete(slot);
    this.startFailure = reason;
    if (this.slots.size === 0) this.failWaiting(new SandboxStartError({ reason }));
  }

  private retire(slot: Slot): void {
    this.slots.delete(slot);
    if (slot.sandbox === undefined) return;
    const ending = slot.sandbox.close().finally(() => this.endings.delete(ending));
    this.endings.add(ending);
  }

  private failWaiting(error: Error): void {
    for (const entry of this.waiting.splice(0)) entry.resolve(failed(error));
  }
}

function failed(error: Error): TaskOutcome {
  return { kind: 'failed', failure: toFailure(error) };
}

function tell({ onBegun, onProgress, onLog }: RunOptions, report: TaskReport, pid: number): void {
  switch (report.kind) {
    case 'begun':
      onBegun?.(report.attemptId, pid);
      break;
    case 'progress':
      onProgress?.(report.progress);
      break;
    case 'log':
      onLog?.(report.line);
      break;
  }
}
