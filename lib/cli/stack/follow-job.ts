import type { JobRecord } from '../../job/job-record.ts';
import { hasEnded } from '../../ports/ledger-job.ts';
import type { JobItem } from '../../ports/task-ledger.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { PhaseTally } from '../show/phase-tally.ts';
import type { ProgressView } from '../show/progress.ts';
import { isUnfinished, JobProgress, type PhaseProgress } from './job-progress.ts';
import { showUsd } from './show-cost.ts';
import type { StackAccess } from './stack-access.ts';

export type FollowEnd =
  | { readonly kind: 'ended'; readonly job: JobItem; readonly costUsd: number }
  /** Its execution is gone, and no one has said so in the ledger. */
  | { readonly kind: 'lost'; readonly job: JobItem; readonly costUsd: number }
  /** Nobody watches any more; the job goes on. */
  | { readonly kind: 'left' };

const POLL_MS_MIN = 1_000;
const POLL_MS_MAX = 15_000;
/** A look takes at most this share of the time, so that watching a large job costs little beside running it. */
const LOOKS_SHARE = 0.1;
/** Rounds without an execution before the job counts as lost: what marks it as failed comes a moment after its end. */
const LOST_ROUNDS = 5;

/** Watches a job on a stack until it ends, and shows its phases as they go. Changes nothing. Ends the view. */
export async function followJob(
  access: StackAccess,
  record: JobRecord,
  view: ProgressView,
  signal: AbortSignal,
): Promise<FollowEnd> {
  const { clock } = access.world;
  const progress = new JobProgress(access.world, record.jobId, record.shape.steps.length);
  const phases = new PhaseView(view, record.shape.steps.length);
  let lostRounds = 0;
  try {
    while (!signal.aborted) {
      const startedAtMs = clock.nowMs();
      const found = await progress.read();
      if (found === undefined)
        throw new UsageError({
          problem: `${record.jobId} is no longer in the ledger.`,
          hint: `See refold ls --stack ${access.stack}.`,
        });
      const { job } = found;
      const costUsd = access.costOf(found.phases.flatMap(({ items }) => items));
      phases.show(found.phases, `${showUsd(costUsd)} so far`);
      if (hasEnded(job.state)) return { kind: 'ended', job, costUsd };
      lostRounds = (await access.isRunning(job)) ? 0 : lostRounds + 1;
      if (lostRounds >= LOST_ROUNDS) return { kind: 'lost', job, costUsd };
      const tookMs = clock.nowMs() - startedAtMs;
      await clock.sleep(Math.min(POLL_MS_MAX, Math.max(POLL_MS_MIN, tookMs / LOOKS_SHARE)), signal).catch(() => {});
    }
    return { kind: 'left' };
  } finally {
    phases.close();
  }
}

/** Shows each phase from its first sight to its end; one that began and ended between two looks is shown as ended. */
class PhaseView {
  readonly #view: ProgressView;
  readonly #steps: number;
  readonly #shown = new Set<string>();
  #current: { readonly key: string; readonly tally: PhaseTally } | undefined;

  constructor(view: ProgressView, steps: number) {
    this.#view = view;
    this.#steps = steps;
  }

  show(phases: readonly PhaseProgress[], note: string): void {
    const nowMs = performance.now();
    for (const phase of phases) {
      const key = `${phase.step} ${phase.role}`;
      if (this.#shown.has(key) && !isUnfinished(phase)) continue;
      if (this.#current?.key !== key) this.#begin(phase, key, nowMs);
      const { tally } = this.#current!;
      tally.note = note;
      tally.set({ done: phase.committed, bytes: phase.bytes, retries: phase.retries }, nowMs);
      this.#view.changed(tally, nowMs);
      if (isUnfinished(phase)) break;
      this.#shown.add(key);
      this.#end(nowMs);
    }
  }

  close(): void {
    this.#end(performance.now());
    this.#view.close();
  }

  #begin({ role, step, tasks, committed }: PhaseProgress, key: string, nowMs: number): void {
    this.#end(nowMs);
    this.#shown.delete(key);
    const tally = new PhaseTally({ role, step, steps: this.#steps, tasks, committed }, nowMs);
    this.#current = { key, tally };
    this.#view.begin(tally);
  }

  #end(nowMs: number): void {
    if (this.#current !== undefined) this.#view.end(this.#current.tally, nowMs);
    this.#current = undefined;
  }
}
