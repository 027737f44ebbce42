import type { JobRecord } from '../../job/job-record.ts';
import type { TaskEvent } from '../../local/job/local-functions.ts';
import type { SandboxEvent } from '../../local/sandbox/sandbox-pool.ts';
import type { World } from '../../ports/world.ts';
import { readReduceGroups } from '../../shuffle/reduce-groups.ts';
import { readStepPlan } from '../../split/plan-step.ts';
import { eachTask } from '../../work/read-tasks.ts';
import { type PhaseStart, PhaseTally } from './phase-tally.ts';
import { escapeControls } from './show-error.ts';

/** Where progress is shown: bars on a terminal, lines in a log, nowhere with --quiet. */
export type ProgressView = {
  /** `tally` is the phase's from now on; read it whenever it suits. */
  readonly begin: (tally: PhaseTally) => void;
  readonly changed: (tally: PhaseTally, nowMs: number) => void;
  readonly end: (tally: PhaseTally, nowMs: number) => void;
  /** A line of text that stays. */
  readonly line: (text: string) => void;
  readonly close: () => void;
};

type StateEvent = Extract<TaskEvent, { kind: 'state' }>;
/** `begun`: attempts that began after the event, while how the phase stands is still to be read. */
type Waiting = { readonly event: TaskEvent; readonly begun: Set<string> };

/** Follows a job through its phases and shows them, in the order in which things happened. */
export class Progress {
  private readonly view: ProgressView;
  private readonly world: World;
  private readonly record: JobRecord;
  private readonly waiting: Waiting[] = [];
  private begun: Set<string> | undefined;
  private following: Promise<void> | undefined;
  private tally: PhaseTally | undefined;
  private isClosed = false;

  constructor(view: ProgressView, world: World, record: JobRecord) {
    this.view = view;
    this.world = world;
    this.record = record;
  }

  onEvent(event: TaskEvent): void {
    if (this.isClosed) return;
    if (event.kind === 'task-log') {
      this.view.line(`[${event.role} ${event.index}] ${escapeControls(event.line)}`);
      return;
    }
    if (event.kind === 'state') this.begun = new Set();
    if (event.kind === 'task-begun') this.begun?.add(event.attemptId);
    if (event.kind !== 'state' && this.following === undefined) {
      this.count(event);
      return;
    }
    this.waiting.push({ event, begun: this.begun ?? new Set() });
    this.following ??= this.follow();
  }

  onSandbox(event: SandboxEvent): void {
    if (event.kind === 'sandbox-ended' && !this.isClosed) {
      this.view.line(`worker process ${event.pid} ended (${event.reason}); another takes its place`);
    }
  }

  /** Shows what is still to be shown. */
  async end(): Promise<void> {
    await this.following;
    this.stop();
  }

  /** Shows nothing more. */
  stop(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.endPhase();
    this.view.close();
  }

  /** One after another, since how a phase stands is read from the plan and the ledger when it begins. Never rejects. */
  private async follow(): Promise<void> {
    for (let next = this.waiting.shift(); next !== undefined && !this.isClosed; next = this.waiting.shift()) {
      if (next.event.kind === 'state') await this.enter(next.event, next.begun);
      else this.count(next.event);
    }
    this.following = undefined;
  }

  private async enter({ next, step }: StateEvent, begun: Set<string>): Promise<void> {
    this.endPhase();
    if (next !== 'map' && next !== 'reduce' && next !== 'solo' && next !== 'sample') return;
    // What cannot be read is not shown; the job itself meets the same fault and tells it.
    const start = await this.readStart(next, step, begun).catch(() => undefined);
    if (this.begun === begun) this.begun = undefined;
    if (start === undefined || this.isClosed) return;
    this.tally = new PhaseTally(start, performance.now());
    this.view.begin(this.tally);
  }

  private async readStart(role: PhaseStart['role'], step: number, begun: ReadonlySet<string>): Promise<PhaseStart> {
    const steps = this.record.shape.steps.length;
    if (role === 'solo' || role === 'sample') return { role, step, steps, tasks: 1, committed: 0 };
    const { jobId } = this.record;
    const tasks =
      role === 'map'
        ? (await readStepPlan(this.world, jobId, step))?.splits
        : (await readReduceGroups(this.world, jobId, step))?.length;
    let committed = 0;
    for await (const { commit } of eachTask(this.world, jobId, step, role)) {
      if (commit !== undefined && !begun.has(commit.attemptId)) committed++;
    }
    return { role, step, steps, tasks: tasks ?? 0, committed };
  }

  private count(event: TaskEvent): void {
    if (this.tally === undefined) return;
    const nowMs = performance.now();
    this.tally.add(event, nowMs);
    this.view.changed(this.tally, nowMs);
  }

  private endPhase(): void {
    if (this.tally !== undefined) this.view.end(this.tally, performance.now());
    this.tally = undefined;
  }
}

/** The view that suits standard error. */
export async function openProgressView(isQuiet: boolean): Promise<ProgressView> {
  if (isQuiet) return { begin() {}, changed() {}, end() {}, line() {}, close() {} };
  if (!process.stderr.isTTY) return (await import('./progress-lines.ts')).openLines((text) => process.stderr.write(text));
  return (await import('./progress-bars.ts')).openBars(process.stderr);
}
