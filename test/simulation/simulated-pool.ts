import { type SandboxTask, TaskPrograms } from '../../lib/coordinator/run-task.ts';
import type { Job } from '../../lib/job/define-job.ts';
import { FailureError, toFailure } from '../../lib/job/failure.ts';
import { RecordCursor } from '../../lib/job/record-cursor.ts';
import type { RunOptions, SandboxPool } from '../../lib/local/sandbox/sandbox-pool.ts';
import { SandboxLostError } from '../../lib/node/sandbox/sandbox-error.ts';
import { SimulatedProcess } from './simulated-process.ts';
import type { SimulatedWorld } from './simulated-world.ts';

/** How long a sandbox may go on after it was given up, in its own slow time. */
const ZOMBIE_SLOWNESS = [5, 50, 500];
const DETECTION_MS = 50;

/** Sandboxes that die, are given up, run twice, or outlive everything. Each task gets a fresh one. */
export class SimulatedPool implements SandboxPool {
  /** Attempts launched. */
  launched = 0;
  readonly #world: SimulatedWorld;
  readonly #coordinator: SimulatedProcess;
  readonly #job: Job;
  readonly #sandboxes: SimulatedProcess[];
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(
    world: SimulatedWorld,
    coordinator: SimulatedProcess,
    job: Job,
    options: { readonly workers: number; readonly sandboxes: SimulatedProcess[] },
  ) {
    this.#world = world;
    this.#coordinator = coordinator;
    this.#job = job;
    this.#free = options.workers;
    this.#sandboxes = options.sandboxes;
  }

  prepare(): void {}
  resize(): void {}
  async close(): Promise<void> {}

  async run(task: unknown, options: RunOptions = {}): Promise<unknown> {
    const coordinator = this.#coordinator;
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free--;
    try {
      await coordinator.pause();
      if (this.#world.faults.strikes('duplicateLaunch')) this.#launch(task as SandboxTask, {}).catch(() => {});
      return await coordinator.whileAlive(this.#launch(task as SandboxTask, options));
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  /** One attempt in a sandbox of its own. */
  #launch(task: SandboxTask, options: RunOptions): Promise<unknown> {
    const { time, random, faults } = this.#world;
    const attemptId = this.#world.newId();
    const sandbox = new SimulatedProcess('sandbox', attemptId, time, random);
    this.launched++;
    this.#sandboxes.push(sandbox);
    this.#coordinator.children.push(sandbox);
    if (faults.strikes('slowAttempt')) sandbox.slowness = random.pick([3, 30, 300]);
    options.onBegun?.(attemptId, 0);
    const stopping = new AbortController();
    options.signal?.addEventListener('abort', () => stopping.abort(options.signal?.reason));

    return new Promise((resolve, reject) => {
      const lose = (end: string) => reject(new FailureError(toFailure(new SandboxLostError({ pid: 0, end }))));
      sandbox.onDeath(() => time.after(DETECTION_MS, () => lose('killed')));
      if (faults.strikes('zombieAttempt')) {
        time.after(200 * random.next(), () => {
          sandbox.slowness *= random.pick(ZOMBIE_SLOWNESS);
          lose('out of reach');
        });
      }
      const programs = new TaskPrograms(this.#world.worldOf(sandbox), this.#job);
      const cursor = new RecordCursor(new ArrayBuffer(RecordCursor.bytes));
      programs.run(task, { attemptId, cursor, signal: stopping.signal }).then(
        (answer) => {
          sandbox.hasEnded = true;
          if (sandbox.isAlive) resolve(answer);
        },
        (error) => {
          sandbox.hasEnded = true;
          if (sandbox.isAlive) reject(new FailureError(toFailure(error)));
        },
      );
    });
  }
}
