import { COMMIT_ATTEMPTS_PER_CALL } from '../../coordinator/commit.ts';
import type { State, StateMachine } from '../../coordinator/states.ts';
import { assert } from '../../errors.ts';
import { outputTasks, type StepSize } from './step-size.ts';

/** What the deciding functions answer as `next`, one after another, and how many tasks each phase has. */
export type MachinePath = {
  readonly answers: readonly string[];
  /** In the order in which the machine comes to its phases. */
  readonly phases: readonly { readonly tasks: number; readonly groups: number }[];
};

/** The way of an undisturbed run through the machine. */
export function machinePath(steps: readonly StepSize[]): MachinePath {
  const answers: string[] = [];
  const phases: MachinePath['phases'][number][] = [];
  for (const [at, step] of steps.entries()) {
    if (at > 0) answers.push('plan');
    if (step.sampled) answers.push('sample');
    if (step.solo) {
      answers.push('solo');
      continue;
    }
    answers.push('map');
    phases.push({ tasks: step.splits, groups: step.mapGroups });
    if (step.mapOnly) continue;
    answers.push('planReduce', 'reduce');
    phases.push({ tasks: step.reduceTasks, groups: step.reduceGroups });
  }
  answers.push('commit');
  const rounds = Math.ceil(outputTasks(steps.at(-1)!) / COMMIT_ATTEMPTS_PER_CALL) || 1;
  for (let round = 1; round < rounds; round++) answers.push('commit');
  return { answers: [...answers, 'done'], phases };
}

export type Transitions = {
  /** What is charged: states entered, in children too, and children started. */
  readonly transitions: number;
  /** Functions invoked. */
  readonly invocations: number;
  /** Events in the history of the execution itself, and of its largest child. */
  readonly events: number;
  readonly childEvents: number;
};

/**
 * Walks the machine's own data, so that a changed machine changes the bill. An execution's history has an event for its start and end, and
 * per state an entry and an exit; a task adds scheduled, started, succeeded, and a map its start and end, or two events an iteration.
 */
export function countTransitions(machine: StateMachine, path: MachinePath): Transitions {
  const answers = [...path.answers];
  const phases = [...path.phases];
  const total = { transitions: 0, invocations: 0, events: 2, childEvents: 0 };
  let answer = '';
  let name: string | undefined = machine.StartAt;
  while (name !== undefined) {
    const state: State<string> | undefined = machine.States[name];
    assert(state !== undefined, `the machine has a state ${name}`);
    total.transitions += 1;
    total.events += EVENTS_PER_STATE;
    switch (state.Type) {
      case 'Task':
        total.invocations += 1;
        total.events += EVENTS_PER_TASK;
        if (decides(state)) {
          const next = answers.shift();
          assert(next !== undefined, `the path says what ${name} answers`);
          answer = next;
        }
        break;
      case 'Choice': {
        const choice: { readonly Next: string } | undefined = state.Choices.find(
          (candidate) => candidate.StringEquals === answer,
        );
        assert(choice !== undefined, `the machine knows the answer ${answer}`);
        name = choice.Next;
        continue;
      }
      case 'Map': {
        const phase = phases.shift();
        assert(phase !== undefined, `the path says how many tasks ${name} has`);
        const child = countGroup(state.ItemProcessor);
        const tasksPerGroup = Math.ceil(phase.tasks / Math.max(1, phase.groups));
        total.events += EVENTS_PER_MAP;
        total.transitions += phase.groups * (1 + child.perGroup) + phase.tasks * child.perTask;
        total.invocations += phase.tasks;
        total.childEvents = Math.max(
          total.childEvents,
          2 + EVENTS_PER_STATE + EVENTS_PER_MAP + tasksPerGroup * child.eventsPerTask,
        );
        break;
      }
      default:
        break;
    }
    name = 'Next' in state ? state.Next : undefined;
  }
  assert(answers.length === 0 && phases.length === 0, 'the machine went the whole path');
  return total;
}

const EVENTS_PER_STATE = 2;
const EVENTS_PER_TASK = 3;
const EVENTS_PER_MAP = 2;
const EVENTS_PER_ITERATION = 2;

/** Its answer replaces `at`, which Route reads. */
function decides(state: State<string>): boolean {
  return state.Type === 'Task' && state.ResultSelector !== undefined && 'at.$' in state.ResultSelector;
}

/** A child is one inline map, and each of its iterations one task that ends at the first try. */
function countGroup(processor: StateMachine): { perGroup: number; perTask: number; eventsPerTask: number } {
  const group = processor.States[processor.StartAt];
  assert(group?.Type === 'Map' && 'End' in group, 'a child of a phase is one inline map');
  const task = group.ItemProcessor.States[group.ItemProcessor.StartAt];
  assert(task?.Type === 'Task' && 'End' in task, 'a task that succeeds ends its iteration');
  return { perGroup: 1, perTask: 1, eventsPerTask: EVENTS_PER_ITERATION + EVENTS_PER_STATE + EVENTS_PER_TASK };
}
