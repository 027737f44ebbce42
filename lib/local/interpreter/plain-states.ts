import type { Json } from '../../coordinator/states.ts';
import type { ParseScope, RunnableState } from './chain.ts';
import type { Context } from './context.ts';
import { checkDataLimit } from './data-limit.ts';
import type { Fields } from './fields.ts';
import { MachineError } from './machine-error.ts';
import { parsePathField } from './payload-template.ts';
import { contextOf, parseFilter, parseFlow, parseOptionalTemplate, parseTransition } from './state-flow.ts';

const WAIT_SECONDS_MAX = 99_999_999;

/** Result or Parameters give its result; without either, its input. */
export function parsePass(name: string, fields: Fields, parse: ParseScope): RunnableState {
  const result = fields.value('Result');
  if (result !== undefined && fields.has('Parameters')) fields.refuse('Result', 'stands beside Parameters');
  const parameters = parseOptionalTemplate(fields, 'Parameters', parse.context);
  const flow = parseFlow(fields, parse, { resultSelector: false });
  return {
    name,
    targets: targetsOf(flow.next),
    run(raw, scope) {
      const context = contextOf(scope, name, 0);
      const made = result === undefined ? parameters(flow.input(raw, context), context) : (result as Json);
      if (made !== raw) checkDataLimit(made, name);
      return { output: flow.output(raw, made, context), next: flow.next };
    },
  };
}

export function parseWait(name: string, fields: Fields, parse: ParseScope): RunnableState {
  const seconds = fields.optionalNumber('Seconds', { min: 0, max: WAIT_SECONDS_MAX, whole: true });
  const path = fields.optionalString('SecondsPath');
  if ((seconds === undefined) === (path === undefined)) fields.refuse('Seconds', 'either Seconds or SecondsPath is needed');
  const secondsOf = path === undefined ? () => seconds : parsePathField(fields, 'SecondsPath', path, parse.context);
  const input = parseFilter(fields, 'InputPath', parse.context);
  const output = parseFilter(fields, 'OutputPath', parse.context);
  const next = parseTransition(fields);
  return {
    name,
    targets: targetsOf(next),
    async run(raw, scope) {
      const context = contextOf(scope, name, 0);
      const data = input(raw, context);
      const wait = secondsOf(data, context);
      if (typeof wait !== 'number' || !Number.isInteger(wait) || wait < 0 || wait > WAIT_SECONDS_MAX) {
        throw new MachineError('States.Runtime', `SecondsPath of '${name}' is not a whole number of seconds.`);
      }
      await scope.world.clock.sleep(wait * 1000, scope.signal);
      return { output: output(data, context), next };
    },
  };
}

export function parseSucceed(name: string, fields: Fields, parse: ParseScope): RunnableState {
  const input = parseFilter(fields, 'InputPath', parse.context);
  const output = parseFilter(fields, 'OutputPath', parse.context);
  return {
    name,
    targets: [],
    run(raw, scope) {
      const context = contextOf(scope, name, 0);
      return { output: output(input(raw, context), context), next: undefined };
    },
  };
}

export function parseFail(name: string, fields: Fields, parse: ParseScope): RunnableState {
  const errorOf = parseText(fields, 'Error', parse);
  const causeOf = parseText(fields, 'Cause', parse);
  return {
    name,
    targets: [],
    run(raw, scope) {
      const context = contextOf(scope, name, 0);
      throw new MachineError(errorOf(raw, context), causeOf(raw, context));
    },
  };
}

/** Error and Cause of a Fail state: literal, by path, or empty. */
function parseText(fields: Fields, field: 'Error' | 'Cause', parse: ParseScope): (data: Json, context: Context) => string {
  const text = fields.optionalString(field);
  const path = fields.optionalString(`${field}Path`);
  if (path === undefined) return () => text ?? '';
  if (text !== undefined) fields.refuse(field, `stands beside ${field}Path`);
  const textOf = parsePathField(fields, `${field}Path`, path, parse.context);
  return (data, context) => {
    const value = textOf(data, context);
    if (typeof value === 'string') return value;
    throw new MachineError('States.Runtime', `${field}Path of '${context.State.Name}' is not a string.`);
  };
}

function targetsOf(next: string | undefined): readonly string[] {
  return next === undefined ? [] : [next];
}
