import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { JobOptions } from '../../lib/job/job-options.ts';
import type { TaskEvent } from '../../lib/local/job/local-functions.ts';
import { SqliteTaskLedger } from '../../lib/local/ledger/sqlite-task-ledger.ts';
import type { SandboxEvent } from '../../lib/local/sandbox/sandbox-pool.ts';
import { SystemClock } from '../../lib/node/system-clock.ts';
import type { JobState, Phase } from '../../lib/ports/task-ledger.ts';
import { type Ended, killNow, type Started, until, type Workplace } from './refold.ts';

const COORDINATOR = fileURLToPath(new URL('coordinator.ts', import.meta.url));

export type CoordinatorEvent =
  | TaskEvent
  | SandboxEvent
  | { readonly kind: 'run-started'; readonly jobId: string; readonly run: number }
  | { readonly kind: 'done'; readonly already: boolean };

export type LedgerAttempt = {
  readonly phase: Phase;
  readonly task: number;
  readonly attemptId: string;
  readonly end: 'committed' | 'lost' | 'failed' | 'invalidated' | null;
};

export type LedgerView = {
  readonly jobId: string;
  readonly state: JobState;
  readonly run: number;
  readonly attempts: readonly LedgerAttempt[];
};

/** `job.ts` over `in.txt` into `out`, in phases, in coordinators of its own process that may be killed and started again. */
export class KillableJob {
  readonly workplace: Workplace;
  readonly #options: JobOptions;

  constructor(workplace: Workplace, options: JobOptions = {}) {
    this.workplace = workplace;
    this.#options = { soloBytes: 0, splitBytes: 65_536, reduceTasks: 4, workers: 2, ...options };
  }

  start(options: JobOptions = {}): RunningJob {
    const request = { jobFile: 'job.ts', inputs: { '': 'in.txt' }, output: 'out', options: { ...this.#options, ...options } };
    return new RunningJob(this.workplace, this.workplace.startNode(COORDINATOR, JSON.stringify(request)));
  }

  /** Runs it to its end, which must be DONE. */
  async finish(options: JobOptions = {}): Promise<void> {
    await this.start(options).done();
    expect(this.workplace.processes()).toEqual([]);
  }

  /** What the ledger says of the only job there is; undefined before there is one. */
  ledger(): LedgerView | undefined {
    const path = this.workplace.path('.refold/ledger.sqlite');
    if (!existsSync(path)) return undefined;
    const database = new DatabaseSync(path, { timeout: 10_000 });
    try {
      const row = database.prepare('SELECT job FROM jobs').get();
      if (row === undefined) return undefined;
      const { jobId, state, run } = JSON.parse(row.job as string) as LedgerView;
      const attempts = database
        .prepare('SELECT phase, task, attempt_id AS attemptId, "end" FROM attempts ORDER BY phase, task, number')
        .all();
      return { jobId, state, run, attempts: attempts as unknown as LedgerAttempt[] };
    } catch (error) {
      if ((error as Error).message.includes('no such table')) return undefined; // It is being made.
      throw error;
    } finally {
      database.close();
    }
  }

  /** An empty ledger, as the first command makes it. */
  async makeLedger(): Promise<void> {
    await new SqliteTaskLedger({ path: this.workplace.path('.refold/ledger.sqlite'), clock: new SystemClock() }).listJobs();
  }

  /** Nobody can write to the ledger until `release`: who wants to commit waits. */
  lockLedger(): { release(): void } {
    const database = new DatabaseSync(this.workplace.path('.refold/ledger.sqlite'), { timeout: 10_000 });
    database.exec('BEGIN IMMEDIATE');
    return { release: () => database.close() };
  }

  /** What the job left in its work area, such as `<job id>/0/map/000003/<attempt id>.seg`. */
  workFiles(ending: string): readonly string[] {
    const folder = this.workplace.path('.refold/jobs');
    const names = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
    return names.filter((name) => name.endsWith(ending)).sort();
  }

  /** The output's files and their bytes, `_SUCCESS` with its times left out. */
  outputBytes(): Readonly<Record<string, string>> {
    const names = this.workplace.output() ?? [];
    return Object.fromEntries(
      names
        .filter((name) => name !== '_SUCCESS')
        .map((name) => [name, readFileSync(join(this.workplace.path('out'), name), 'latin1')]),
    );
  }

  /** What a DONE job may leave: its output, its work area, and the test's own files. */
  expectTidy(): void {
    expect(this.workplace.processes()).toEqual([]);
    expect(this.workplace.names().filter((name) => name.startsWith('.') && name !== '.refold')).toEqual([]);
    expect(this.workplace.output()).toContain('_SUCCESS');
    const scratch = this.workplace.path('.refold/scratch');
    expect(existsSync(scratch) ? readdirSync(scratch) : []).toEqual([]);
  }
}

/** One coordinator, and what it has said. */
export class RunningJob {
  readonly events: CoordinatorEvent[] = [];
  readonly pid: number;
  readonly #workplace: Workplace;
  readonly #started: Started;
  #rest = '';
  #ended: Ended | undefined;

  constructor(workplace: Workplace, started: Started) {
    this.#workplace = workplace;
    this.#started = started;
    this.pid = started.child.pid!;
    started.child.stdout.on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop()!;
      for (const line of lines) this.events.push(JSON.parse(line) as CoordinatorEvent);
    });
    void started.ended.then((ended) => {
      this.#ended = ended;
    });
  }

  get ended(): Promise<Ended> {
    return this.#started.ended;
  }

  get isOver(): boolean {
    return this.#ended !== undefined;
  }

  /** Waits until something has happened; false when the coordinator has ended meanwhile. */
  async reaches(condition: () => boolean): Promise<boolean> {
    return (await until(() => (this.isOver ? 'no' : condition() ? 'yes' : undefined))) === 'yes';
  }

  /** Lets it run on for a while; false when it ended meanwhile. */
  async outlives(ms: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    await Promise.race([this.ended, promise]);
    clearTimeout(timer);
    return !this.isOver;
  }

  /** Of the workers that were started, dead ones too. */
  get workerPids(): readonly number[] {
    return this.events.flatMap((event) => (event.kind === 'sandbox-started' ? [event.pid] : []));
  }

  /** What a worker has begun last. */
  taskOf(pid: number): Extract<CoordinatorEvent, { kind: 'task-begun' }> {
    const begun = this.events.filter((event) => event.kind === 'task-begun');
    return begun.findLast((event) => event.pid === pid)!;
  }

  /** Kills the coordinator only, and waits for its workers to go with it. */
  async kill(): Promise<void> {
    killNow(this.pid);
    await this.#gone();
  }

  /** Kills everything, in the order that `coordinatorFirst` says. */
  async killAll(coordinatorFirst: boolean): Promise<void> {
    const workers = this.#workplace.processes().filter((pid) => pid !== this.pid);
    for (const pid of coordinatorFirst ? [this.pid, ...workers] : [...workers, this.pid]) killNow(pid);
    await this.#gone();
  }

  async #gone(): Promise<void> {
    await this.ended;
    await until(() => this.#workplace.processes().length === 0, 50_000, 10);
  }

  /** Resolves when the job is done, and fails when it is not. */
  async done(): Promise<void> {
    const ended = await this.ended;
    expect(ended, ended.stderr).toMatchObject({ exitCode: 0 });
    expect(this.events.filter((event) => event.kind === 'done')).toHaveLength(1);
  }
}

/** Tasks whose result is committed, by who committed it. */
export function commitsOf(view: LedgerView | undefined): ReadonlyMap<string, string> {
  const committed = (view?.attempts ?? []).filter((attempt) => attempt.end === 'committed');
  return new Map(committed.map(({ phase, task, attemptId }) => [`${phase} ${task}`, attemptId]));
}

/** No task that was committed `before` has begun another attempt `after`, and all commits stand. */
export function expectNothingRanAgain(before: LedgerView | undefined, after: LedgerView | undefined): void {
  const attemptsOf = (view: LedgerView | undefined, name: string) =>
    (view?.attempts ?? []).filter(({ phase, task }) => `${phase} ${task}` === name).map((attempt) => attempt.attemptId);
  const commits = commitsOf(after);
  for (const [name, attemptId] of commitsOf(before)) {
    expect(commits.get(name), `${name} is committed by whom it was`).toBe(attemptId);
    expect(attemptsOf(after, name), `${name} has not begun again`).toEqual(attemptsOf(before, name));
  }
}
