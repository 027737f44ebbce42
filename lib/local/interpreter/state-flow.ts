import type { Json } from '../../coordinator/states.ts';
import type { ParseScope, Scope } from './chain.ts';
import type { Context, ContextScope, MapItem } from './context.ts';
import { checkDataLimit } from './data-limit.ts';
import type { Fields } from './fields.ts';
import { parsePath, writePath } from './json-path.ts';
import { type Expression, parsePathField, parseTemplate } from './payload-template.ts';

/** Puts a result into a state's raw input. */
export type ResultPlacement = (raw: Json, result: Json) => Json;

const EMPTY: Json = {};

/** InputPath or OutputPath: what is passed on of the data, `{}` for null. */
export function parseFilter(fields: Fields, field: 'InputPath' | 'OutputPath', scope: ContextScope): Expression {
  const path = fields.value(field);
  if (path === null) return () => EMPTY;
  return parsePathField(fields, field, fields.optionalString(field) ?? '$', scope);
}

/** A template that may be missing: then the data as it is. */
export function parseOptionalTemplate(fields: Fields, field: string, scope: ContextScope): Expression {
  const template = fields.value(field);
  return template === undefined ? (data) => data : parseTemplate(fields, field, template, scope);
}

/** ResultPath of a state or a catcher; null drops the result. */
export function parseResultPath(fields: Fields): ResultPlacement {
  if (fields.value('ResultPath') === null) return (raw) => raw;
  const text = fields.optionalString('ResultPath') ?? '$';
  const path = parsePath(text);
  if (path === undefined || path.root === '$$') return fields.refuse('ResultPath', `${text} is not a reference path of the data`);
  if (path.steps.length === 0) return (_, result) => result;
  return (raw, result) => writePath(path, raw, result);
}

/** Next, or End: exactly one of them. Undefined is the end. */
export function parseTransition(fields: Fields): string | undefined {
  const next = fields.optionalString('Next');
  const end = fields.value('End');
  if (end !== undefined && end !== true) fields.refuse('End', 'not true');
  if ((next === undefined) === (end === undefined)) fields.refuse('Next', 'either Next or End is needed, and not both');
  return next;
}

/** What comes before and after the work of a state, in the order that Amazon States Language gives. */
export type Flow = {
  readonly next: string | undefined;
  /** InputPath. */
  input(raw: Json, context: Context): Json;
  /** ResultSelector, ResultPath, OutputPath, then the data limit. The result itself must be within the limit. */
  output(raw: Json, result: Json, context: Context): Json;
};

export function parseFlow(fields: Fields, parse: ParseScope, options: { resultSelector: boolean }): Flow {
  const input = parseFilter(fields, 'InputPath', parse.context);
  const select = options.resultSelector ? parseOptionalTemplate(fields, 'ResultSelector', parse.context) : undefined;
  const place = parseResultPath(fields);
  const filter = parseFilter(fields, 'OutputPath', parse.context);
  return {
    next: parseTransition(fields),
    input,
    output(raw, result, context) {
      const selected = select === undefined ? result : select(result, context);
      const output = filter(place(raw, selected), context);
      if (output !== raw && output !== result) checkDataLimit(output, context.State.Name);
      return output;
    },
  };
}

/** The context object at a state; `item` is what an ItemSelector is at. */
export function contextOf(
  scope: Scope,
  stateName: string,
  retryCount: number,
  item: MapItem | undefined = scope.mapItem,
): Context {
  const State = { Name: stateName, RetryCount: retryCount };
  return item === undefined ? { Execution: scope.execution, State } : { Execution: scope.execution, State, Map: { Item: item } };
}
