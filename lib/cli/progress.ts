import { readAllTasks } from '../coordinator/job-access.ts';
import { readReduceGroups } from '../coordinator/reduce-groups.ts';
import type { JobRecord } from '../job/job-record.ts';
import type { TaskEvent } from '../local/local-functions.ts';
import type { SandboxEvent } from '../local/sandbox/sandbox-pool.ts';
import type { World } from '../ports/world.ts';
import { readStepPlan } from '../split/plan-step.ts';
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

/** Follows a job through its phases and shows them. */
export class Progress {
  private readonly view: ProgressView;
  private readonly world: World;
  private readonly record: JobRecord;
  private tally: PhaseTally | undefined;
  private waiting: TaskEvent[] | undefined;
  private isClosed = false;

  constructor(view: ProgressView, world: World, record: JobRecord) {
    this.view = view;
    this.world = world;
    this.record = record;
  }

  onEvent(event: TaskEvent): void {
    if (event.kind === 'task-log') this.view.line(`[${event.role} ${event.index}] ${escapeControls(event.line)}`);
    else if (event.kind === 'state') this.enter(event);
    else if (this.waiting !== undefined) this.waiting.push(event);
    else this.count(event);
  }

  onSandbox(event: SandboxEvent): void {
    if (event.kind === 'sandbox-ended' && !this.isClosed) {
      this.view.line(`worker process ${event.pid} ended (${event.reason}); another takes its place`);
    }
  }

  close(): void {
    if (this.isClosed) return;
    this.endPhase();
    this.isClosed = true;
    this.view.close();
  }

  private enter({ next, step }: Extract<TaskEvent, { kind: 'state' }>): void {
    this.endPhase();
    if (next !== 'map' && next !== 'reduce' && next !== 'solo' && next !== 'sample') return;
    // The number of tasks is read from the plan; what happens meanwhile is counted after.
    this.waiting = [];
    const begin = (start: PhaseStart | undefined): void => {
      const events = this.waiting ?? [];
      this.waiting = undefined;
      if (start === undefined || this.isClosed) return;
      this.tally = new PhaseTally(start, performance.now());
      this.view.begin(this.tally);
      for (const event of events) this.count(event);
    };
    this.readStart(next, step).then(begin, () => begin(undefined));
  }

  private async readStart(role: PhaseStart['role'], step: number): Promise<PhaseStart> {
    const steps = this.record.shape.steps.length;
    if (role === 'solo' || role === 'sample') return { role, step, steps, tasks: 1, committed: 0 };
    const { jobId } = this.record;
    const tasks =
      role === 'map'
        ? (await readStepPlan(this.world, jobId, step))?.splits
        : (await readReduceGroups(this.world, jobId, step))?.length;
    const items = await readAllTasks(this.world, jobId, step, role);
    const committed = [...items.values()].filter((item) => item.commit !== undefined).length;
    return { role, step, steps, tasks: tasks ?? 0, committed };
  }

  private count(event: TaskEvent): void {
    if (this.tally === undefined || this.isClosed) return;
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
