import type { OutputStore } from '../../lib/ports/output-store.ts';
import type { JobItem, JobState, TaskId, TaskLedger } from '../../lib/ports/task-ledger.ts';

const NEXT_STATES: Readonly<Record<JobState, readonly JobState[]>> = {
  PLANNING: ['PLANNING', 'MAPPING', 'REDUCING', 'COMMITTING', 'FAILED'],
  MAPPING: ['PLANNING', 'MAPPING', 'REDUCING', 'COMMITTING', 'FAILED'],
  REDUCING: ['PLANNING', 'MAPPING', 'REDUCING', 'COMMITTING', 'FAILED'],
  COMMITTING: ['COMMITTING', 'MAPPING', 'REDUCING', 'DONE'],
  DONE: ['DONE'],
  FAILED: ['FAILED', 'PLANNING'],
  CANCELLED: [],
};

/** What must hold at every moment of a job, whatever goes wrong. Looks at each call to a port as it is done, and at what it changed. */
export class JobCheckers {
  readonly violations: string[] = [];
  job: JobItem | undefined;
  /** Commits that were thrown out. */
  invalidations = 0;
  hasCommitted = false;
  visibleAtDone: string | undefined;
  /** Attempts with something in staging. */
  readonly staged = new Map<string, string>();
  readonly #ledger: TaskLedger;
  readonly #jobId: string;
  readonly #winners = new Map<string, string>();
  readonly #everWon = new Set<string>();
  readonly #thrownOut = new Set<string>();
  #visible = '[]';

  constructor(ledger: TaskLedger, jobId: string) {
    this.#ledger = ledger;
    this.#jobId = jobId;
  }

  get state(): JobState {
    return this.job?.state ?? 'PLANNING';
  }

  violate(what: string): void {
    this.violations.push(what);
  }

  /** A new attempt was let in: only where no commit is. */
  begun(task: TaskId): void {
    const winner = this.#winners.get(keyOf(task));
    if (winner !== undefined) this.violate(`${keyOf(task)} runs again, and ${winner} is its commit`);
  }

  won(task: TaskId, attemptId: string): void {
    const key = keyOf(task);
    const winner = this.#winners.get(key);
    if (winner !== undefined && winner !== attemptId) this.violate(`${attemptId} won ${key}, and ${winner} had won it`);
    if (this.#thrownOut.has(attemptId)) this.violate(`${attemptId} won ${key} again after it was invalidated`);
    this.#winners.set(key, attemptId);
    this.#everWon.add(attemptId);
  }

  invalidated(task: TaskId, attemptId: string, run: number): void {
    const key = keyOf(task);
    if (this.#winners.get(key) !== attemptId) return;
    this.#winners.delete(key);
    this.#thrownOut.add(attemptId);
    this.invalidations++;
    if (run !== this.job?.run) this.violate(`run ${run} invalidated ${key}, and run ${this.job?.run} is current`);
  }

  /** After every call to the ledger. `run` is that of a caller who asked for a change of state. */
  async ledgerChanged(run: number | undefined): Promise<void> {
    const before = this.job;
    const job = await this.#ledger.readJob(this.#jobId);
    this.job = job;
    if (job === undefined || before === undefined) return;
    if (!NEXT_STATES[before.state].includes(job.state)) this.violate(`${before.state} became ${job.state}`);
    if (job.state !== before.state && run !== undefined && run !== job.run) {
      this.violate(`run ${run} moved the job to ${job.state}, and run ${job.run} is current`);
    }
    const isSameRun = job.run === before.run && job.executionId === before.executionId;
    if (!isSameRun && job.run !== before.run + 1) this.violate(`run ${job.run} was started after run ${before.run}`);
    if (job.generations.some((generation, step) => generation < before.generations[step]!)) {
      this.violate(`generations ${before.generations} became ${job.generations}`);
    }
    if (job.state === 'COMMITTING') this.hasCommitted = true;
  }

  /** Before a committed result is read: nobody reads what was never committed. */
  objectRead(key: string): void {
    const attemptId = /\/([^/]+)\.(?:seg|pairs)$/.exec(key)?.[1];
    if (attemptId !== undefined && !this.#everWon.has(attemptId)) this.violate(`${key} is read, and its attempt never committed`);
  }

  /** A staged part is thrown away: that of a commit only by Commit, which takes the whole output back, maybe twice at once. */
  partDiscarded(attemptId: string, what: string): void {
    if (!this.hasCommitted) this.discarded(attemptId, what);
  }

  /** An attempt's object is thrown away: never that of a commit. */
  discarded(attemptId: string | undefined, what: string): void {
    if (attemptId !== undefined && [...this.#winners.values()].includes(attemptId))
      this.violate(`${what} is deleted, and committed`);
  }

  /** After every call to the output. */
  async outputChanged(output: OutputStore): Promise<void> {
    const visible = await showOutput(output);
    if (visible === this.#visible) return;
    this.#visible = visible;
    if (!this.hasCommitted) this.violate(`the output is visible in ${this.state}: ${visible}`);
    if (this.visibleAtDone !== undefined && visible !== this.visibleAtDone) this.violate('the output of a DONE job changed');
    if (this.state === 'DONE') this.visibleAtDone ??= visible;
  }
}

/** Every visible part with its bytes, and `_SUCCESS` if it is there. */
export async function showOutput(output: OutputStore): Promise<string> {
  const parts = await output.listParts();
  const success = await output.readSuccess();
  const shown = parts.map(({ name, bytes }) => `${name} (${bytes} bytes)`);
  return JSON.stringify(success === undefined ? shown : [...shown, '_SUCCESS']);
}

function keyOf({ step, phase, index }: TaskId): string {
  return `${phase} task ${index} of step ${step}`;
}
