import type { State, StateMachine } from './states.ts';

/** A machine, a branch or an item processor. A `Next`, `Default` or `StartAt` that names no state is a compile error. */
export function stateMachine<Name extends string>(
  startAt: NoInfer<Name>,
  states: Readonly<Record<Name, State<NoInfer<Name>>>>,
): StateMachine<Name> {
  return { StartAt: startAt, States: states };
}
