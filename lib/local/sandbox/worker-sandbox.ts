import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { assert } from '../../errors.ts';
import { toFailure } from '../../job/failure.ts';
import { engineFile } from '../../node/bundle/engine-file.ts';
import { SandboxLostError } from '../../node/sandbox/sandbox-error.ts';
import type {
  FromSandbox,
  Sandbox,
  SandboxJob,
  SandboxLimits,
  TaskOutcome,
  TaskReport,
  ToSandbox,
} from '../../node/sandbox/sandbox-message.ts';

/** Time for a worker process to end by itself before it is killed. */
const CLOSE_GRACE_MS = 1000;

type Running = { readonly resolve: (outcome: TaskOutcome) => void; readonly onReport: (report: TaskReport) => void };

/** How a worker process ended. `booted`: it had been ready before. */
export type WorkerEnd = { readonly pid: number; readonly reason: string; readonly booted: boolean };

/** The coordinator's end of one worker process. When the process dies, so does the task in it: SandboxLostError. */
export class WorkerSandbox implements Sandbox {
  readonly pid: number;
  /** Resolves once, when the process is gone, for whatever reason. */
  readonly ended: Promise<WorkerEnd>;
  private readonly child: ChildProcess;
  private running: Running | undefined;
  private booted = false;
  private isOver = false;

  constructor(limits: SandboxLimits, onReady: () => void) {
    // Standard output carries data, so what user code writes to it goes where messages go. No stdin: that is the coordinator's.
    this.child = fork(fileURLToPath(engineFile('worker-process')), [JSON.stringify(limits)], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      serialization: 'advanced',
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    this.pid = this.child.pid ?? 0;
    const { promise, resolve } = Promise.withResolvers<WorkerEnd>();
    this.ended = promise;
    this.child.on('message', (message: FromSandbox) => {
      if (message.kind === 'ready') {
        this.booted = true;
        onReady();
      } else if (message.kind === 'ended') this.onOutcome(message.outcome);
      else this.running?.onReport(message);
    });
    const onEnd = (reason: string): void => {
      this.isOver = true;
      this.end({ kind: 'failed', failure: toFailure(new SandboxLostError({ pid: this.pid, end: reason })) });
      resolve({ pid: this.pid, reason, booted: this.booted });
    };
    this.child.on('exit', (exitCode, signal) => onEnd(signal ?? `exit code ${exitCode}`));
    this.child.on('error', (error) => {
      if (this.child.pid === undefined) onEnd(error.message); // Else 'exit' follows.
    });
  }

  get takesTasks(): boolean {
    return this.booted && !this.isOver;
  }

  prepare(job: SandboxJob): void {
    this.send({ kind: 'prepare', job });
  }

  run(task: unknown, onReport: (report: TaskReport) => void): Promise<TaskOutcome> {
    assert(this.running === undefined, 'a sandbox runs one task at a time');
    const { promise, resolve } = Promise.withResolvers<TaskOutcome>();
    this.running = { resolve, onReport };
    if (this.isOver)
      this.end({ kind: 'failed', failure: toFailure(new SandboxLostError({ pid: this.pid, end: 'before the task' })) });
    else this.send({ kind: 'run', task });
    return promise;
  }

  cancel(): void {
    this.send({ kind: 'cancel' });
  }

  async close(): Promise<void> {
    this.isOver = true;
    this.send({ kind: 'close' });
    const timer = setTimeout(() => this.child.kill('SIGKILL'), CLOSE_GRACE_MS);
    await this.ended;
    clearTimeout(timer);
  }

  /** Allocators keep what a thread has freed: a process that was over its limit is not used again. */
  private onOutcome(outcome: TaskOutcome): void {
    if (outcome.kind === 'failed' && outcome.failure.code === 'REFOLD_MEMORY_LIMIT') void this.close();
    this.end(outcome);
  }

  private send(message: ToSandbox): void {
    // A dead process takes no message: its 'exit' says what there is to say.
    if (this.child.connected) this.child.send(message, () => {});
  }

  private end(outcome: TaskOutcome): void {
    const running = this.running;
    this.running = undefined;
    running?.resolve(outcome);
  }
}
