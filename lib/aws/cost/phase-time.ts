import { AWS_LIMITS } from './aws-limits.ts';

/** Children that a distributed map starts in a second: what the coordinator reckons with too (lib/coordinator/task-list.ts). */
const CHILDREN_PER_SECOND = 100;
/** An inline map starts its next task after the one before. */
const TASK_START_SECONDS = 0.025;

/** Until as many tasks of a phase have been started as may run at once: the coordinator's part alone. */
export function startSeconds(tasks: number, groups: number, workers: number): number {
  if (tasks === 0) return 0;
  const perGroup = Math.ceil(tasks / Math.max(1, groups));
  const atOnce = Math.min(tasks, workers);
  const children = Math.ceil((groups * atOnce) / tasks);
  const { value: transitions } = AWS_LIMITS.transitionsPerSecond;
  return Math.max(children / CHILDREN_PER_SECOND, (2 * children + atOnce) / transitions) + perGroup * TASK_START_SECONDS;
}

/**
 * From the first task's start to the last one's end: the tasks come in waves of as many as there are workers, of which the first thousand
 * is there at once and the others come as Lambda starts sandboxes.
 */
export function phaseSeconds(tasks: number, groups: number, taskSeconds: number, workers: number): number {
  if (tasks === 0) return 0;
  const sandboxes = Math.min(workers, tasks);
  const waves = Math.ceil(tasks / sandboxes) * taskSeconds;
  const { value: burst } = AWS_LIMITS.sandboxesPerTenSeconds;
  const perSecond = burst / 10;
  const ramp = Math.max(0, sandboxes - burst) / perSecond;
  // Work done by t while sandboxes grow: burst·t + perSecond·t²/2; behind the ramp all of them work.
  const work = tasks * taskSeconds;
  const duringRamp = burst * ramp + (perSecond * ramp * ramp) / 2;
  const growing = (-burst + Math.sqrt(burst * burst + 2 * perSecond * work)) / perSecond;
  const byWork = work <= duringRamp ? growing : ramp + (work - duringRamp) / sandboxes;
  return Math.max(waves, byWork, Math.min(ramp, growing) + taskSeconds) + Math.min(groups, sandboxes) / CHILDREN_PER_SECOND;
}
