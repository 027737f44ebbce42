import { hasEnded } from '../../ports/ledger-job.ts';
import type { JobItem, Phase, TaskItem } from '../../ports/task-ledger.ts';
import type { World } from '../../ports/world.ts';
import { readReduceGroups } from '../../shuffle/reduce-groups.ts';
import { readStepPlan } from '../../split/plan-step.ts';
import type { StepPlan } from '../../split/step-plan.ts';
import { readAllTasks } from '../../work/read-tasks.ts';
import { soloRefusedKey } from '../../work/work-layout.ts';
import type { PhaseStart } from '../show/phase-tally.ts';

/** How one phase of a job stands, by its ledger. */
export type PhaseProgress = {
  readonly role: PhaseStart['role'];
  readonly step: number;
  readonly tasks: number;
  readonly committed: number;
  readonly retries: number;
  /** Of the input, by the share of committed tasks; 0 where the ledger does not tell. */
  readonly bytes: number;
  readonly items: readonly TaskItem[];
};

type WatchedWorld = Pick<World, 'ledger' | 'work'>;

/**
 * Reads again and again how a job stands that runs elsewhere. What is fixed once (plans, groups) is read once, and so are the tasks of a
 * phase that is over; a round costs one request for the job and about one for a thousand tasks of the phase that runs.
 */
export class JobProgress {
  readonly #world: WatchedWorld;
  readonly #jobId: string;
  readonly #steps: number;
  readonly #plans = new Map<number, StepPlan>();
  readonly #groups = new Map<number, number>();
  readonly #ended = new Map<string, PhaseProgress>();
  #life = '';

  constructor(world: WatchedWorld, jobId: string, steps: number) {
    this.#world = world;
    this.#jobId = jobId;
    this.#steps = steps;
  }

  /** Undefined when there is no such job. Phases in the order in which they run; those that are not planned yet are left out. */
  async read(): Promise<{ readonly job: JobItem; readonly phases: readonly PhaseProgress[] } | undefined> {
    const job = await this.#world.ledger.readJob(this.#jobId);
    if (job === undefined) return undefined;
    this.#forget(job);
    const phases: PhaseProgress[] = [];
    for (let step = 0; step < this.#steps; step++) {
      const found = await this.#readStep(step);
      phases.push(...found);
      if (found.length === 0 || found.some(isUnfinished)) break;
    }
    return { job, phases };
  }

  /** A lost segment, or another run of the job, opens phases anew. */
  #forget({ run, generations, state }: JobItem): void {
    const life = JSON.stringify([run, generations, hasEnded(state)]);
    if (life !== this.#life) this.#ended.clear();
    this.#life = life;
  }

  async #readStep(step: number): Promise<readonly PhaseProgress[]> {
    const plan = await this.#readPlan(step);
    if (plan === undefined) return [];
    if (plan.solo) {
      const solo = await this.#readPhase({ role: 'solo', step, tasks: 1, bytes: plan.inputBytes });
      const isRefused = (await this.#world.work.head(soloRefusedKey(this.#jobId, step))) !== undefined;
      if (!isRefused || !isUnfinished(solo)) return [solo];
    }
    const map = await this.#readPhase({ role: 'map', step, tasks: plan.splits, bytes: plan.inputBytes });
    if (plan.mapOnly) return [map];
    const groups = await this.#readGroups(step);
    return groups === undefined ? [map] : [map, await this.#readPhase({ role: 'reduce', step, tasks: groups, bytes: 0 })];
  }

  async #readPhase(phase: PhasePlan): Promise<PhaseProgress> {
    const { role, step, tasks, bytes } = phase;
    const key = `${step} ${role}`;
    const ended = this.#ended.get(key);
    if (ended !== undefined) return ended;
    const ledgerPhase: Phase = role === 'map' ? 'map' : 'reduce';
    const items = [...(await readAllTasks(this.#world, this.#jobId, step, ledgerPhase)).values()];
    const committed = items.filter(({ commit }) => commit !== undefined).length;
    const progress: PhaseProgress = {
      role,
      step,
      tasks,
      committed,
      retries: items.reduce((sum, item) => sum + item.lost + item.failed + item.invalidated.length, 0),
      bytes: tasks === 0 ? 0 : Math.round((bytes * committed) / tasks),
      items,
    };
    if (!isUnfinished(progress)) this.#ended.set(key, progress);
    return progress;
  }

  async #readPlan(step: number): Promise<StepPlan | undefined> {
    const plan = this.#plans.get(step) ?? (await readStepPlan(this.#world, this.#jobId, step));
    if (plan !== undefined) this.#plans.set(step, plan);
    return plan;
  }

  async #readGroups(step: number): Promise<number | undefined> {
    const groups = this.#groups.get(step) ?? (await readReduceGroups(this.#world, this.#jobId, step))?.length;
    if (groups !== undefined) this.#groups.set(step, groups);
    return groups;
  }
}

type PhasePlan = {
  readonly role: 'solo' | 'map' | 'reduce';
  readonly step: number;
  readonly tasks: number;
  readonly bytes: number;
};

export function isUnfinished({ tasks, committed }: PhaseProgress): boolean {
  return committed < tasks;
}
