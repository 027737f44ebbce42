import type { Chain, ParseScope, RunnableState } from './chain.ts';
import { parseChoice } from './choice-rule.ts';
import type { ContextScope } from './context.ts';
import { Fields, isObject } from './fields.ts';
import { parseMap } from './map-state.ts';
import { parseParallel } from './parallel-state.ts';
import { parseFail, parsePass, parseSucceed, parseWait } from './plain-states.ts';
import { parseTask } from './task-state.ts';

const STATE_NAME_CHARS_MAX = 80;

const PARSERS = {
  Task: parseTask,
  Pass: parsePass,
  Choice: parseChoice,
  Wait: parseWait,
  Succeed: parseSucceed,
  Fail: parseFail,
  Parallel: parseParallel,
  Map: parseMap,
} satisfies Record<string, (name: string, fields: Fields, parse: ParseScope) => RunnableState>;
const STATE_TYPES = Object.keys(PARSERS) as (keyof typeof PARSERS)[];

/**
 * Makes a definition ready to run. Takes exactly what the interpreter does as AWS does it, and refuses everything else: any other
 * state type, field, path, comparison or intrinsic function, a `Next` that names no state, a state that nothing leads to.
 * @throws InvalidMachineError, which names state and field
 */
export function checkMachine(definition: unknown): Chain {
  const names = new Set<string>();

  function parseChain(where: string, value: unknown, context: ContextScope, ignored: readonly string[] = []): Chain {
    const fields = new Fields(where, value);
    for (const field of [...ignored, 'Comment']) fields.value(field);
    const startAt = fields.string('StartAt');
    const definitions = fields.value('States');
    if (!isObject(definitions)) return fields.refuse('States', 'not an object');
    fields.end();
    const states = new Map<string, RunnableState>();
    for (const [name, state] of Object.entries(definitions)) {
      if (names.has(name)) fields.refuse('States', `there are two states ${name}`);
      if (name.length > STATE_NAME_CHARS_MAX)
        fields.refuse('States', `${name} is longer than ${STATE_NAME_CHARS_MAX} characters`);
      names.add(name);
      states.set(name, parseState(`${where}.${name}`, name, state, { context, parseChain }));
    }
    checkReach(fields, startAt, states);
    return { startAt, states };
  }

  return parseChain('machine', definition, { execution: true, mapItem: false });
}

function parseState(where: string, name: string, definition: unknown, parse: ParseScope): RunnableState {
  const fields = new Fields(where, definition);
  const type = fields.oneOf('Type', STATE_TYPES);
  fields.optionalString('Comment');
  const state = PARSERS[type](name, fields, parse);
  fields.end();
  return state;
}

/** Every name leads to a state, and every state is led to. */
function checkReach(fields: Fields, startAt: string, states: ReadonlyMap<string, RunnableState>): void {
  const reached = new Set<string>();
  const open = [{ from: 'StartAt', name: startAt }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { from, name } = next;
    const state = states.get(name);
    if (state === undefined) fields.refuse(from, `there is no state ${name}`);
    if (reached.has(name)) continue;
    reached.add(name);
    for (const target of state.targets) open.push({ from: `States.${name}`, name: target });
  }
  for (const name of states.keys()) {
    if (!reached.has(name)) fields.refuse(`States.${name}`, 'nothing leads to this state');
  }
}
