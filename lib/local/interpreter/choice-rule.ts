import type { Json } from '../../coordinator/states.ts';
import type { ParseScope, RunnableState } from './chain.ts';
import { type Context, refuseContextPath, resolvePath } from './context.ts';
import { Fields } from './fields.ts';
import { type Path, parsePath, readPath } from './json-path.ts';
import { MachineError } from './machine-error.ts';
import { contextOf, parseFilter } from './state-flow.ts';

type Rule = (data: Json, context: Context) => boolean;

/** A value of another type is not an error, it does not match. */
const COMPARISONS: Readonly<
  Record<string, { readonly type: 'string' | 'number' | 'boolean'; test(value: never, operand: never): boolean }>
> = {
  StringEquals: { type: 'string', test: (value: string, operand: string) => value === operand },
  BooleanEquals: { type: 'boolean', test: (value: boolean, operand: boolean) => value === operand },
  NumericEquals: { type: 'number', test: (value: number, operand: number) => value === operand },
  NumericLessThan: { type: 'number', test: (value: number, operand: number) => value < operand },
  NumericLessThanEquals: { type: 'number', test: (value: number, operand: number) => value <= operand },
  NumericGreaterThan: { type: 'number', test: (value: number, operand: number) => value > operand },
  NumericGreaterThanEquals: { type: 'number', test: (value: number, operand: number) => value >= operand },
};

/** The first rule that holds names the next state. */
export function parseChoice(name: string, fields: Fields, parse: ParseScope): RunnableState {
  const input = parseFilter(fields, 'InputPath', parse.context);
  const output = parseFilter(fields, 'OutputPath', parse.context);
  const fallback = fields.optionalString('Default');
  const choices = fields.optionalArray('Choices') ?? fields.refuse('Choices', 'missing');
  const rules = choices.map((choice, index) => {
    const rule = new Fields(`${fields.where}.Choices[${index}]`, choice);
    const next = rule.string('Next');
    return { next, holds: parseRule(rule, parse) };
  });
  const targets = rules.map((rule) => rule.next);
  if (fallback !== undefined) targets.push(fallback);

  return {
    name,
    targets,
    run(raw, scope) {
      const context = contextOf(scope, name, 0);
      const data = input(raw, context);
      const next = rules.find((rule) => rule.holds(data, context))?.next ?? fallback;
      if (next === undefined) throw new MachineError('States.NoChoiceMatched', `No rule of the choice state '${name}' holds.`);
      return { output: output(data, context), next };
    },
  };
}

function parseRule(fields: Fields, parse: ParseScope): Rule {
  const rule = parseJunction(fields, parse) ?? parseTest(fields, parse);
  fields.end();
  return rule;
}

function parseJunction(fields: Fields, parse: ParseScope): Rule | undefined {
  if (fields.has('Not')) {
    const inner = parseRule(new Fields(`${fields.where}.Not`, fields.value('Not')), parse);
    return (data, context) => !inner(data, context);
  }
  const field = fields.has('And') ? 'And' : fields.has('Or') ? 'Or' : undefined;
  if (field === undefined) return undefined;
  const rules = (fields.optionalArray(field) ?? []).map((each, index) =>
    parseRule(new Fields(`${fields.where}.${field}[${index}]`, each), parse),
  );
  if (field === 'And') return (data, context) => rules.every((rule) => rule(data, context));
  return (data, context) => rules.some((rule) => rule(data, context));
}

function parseTest(fields: Fields, parse: ParseScope): Rule {
  const path = parseVariable(fields, parse);
  for (const field of ['IsPresent', 'IsNull'] as const) {
    if (fields.has(field)) return parsePresence(fields, field, path);
  }
  for (const [field, { type, test }] of Object.entries(COMPARISONS)) {
    const operand = fields.value(field);
    if (operand === undefined) continue;
    if (typeof operand !== type) fields.refuse(field, `not a ${type}`);
    return (data, context) => {
      const value = resolvePath(path, data, context, 'Variable');
      return typeof value === type && test(value as never, operand as never);
    };
  }
  return fields.refuse('Variable', 'no comparison that the interpreter supports');
}

function parsePresence(fields: Fields, field: 'IsPresent' | 'IsNull', path: Path): Rule {
  const wanted = fields.value(field);
  if (typeof wanted !== 'boolean') fields.refuse(field, 'not a boolean');
  if (field === 'IsNull') return (data, context) => (resolvePath(path, data, context, 'Variable') === null) === wanted;
  return (data, context) => (readPath(path, path.root === '$' ? data : context) !== undefined) === wanted;
}

function parseVariable(fields: Fields, parse: ParseScope): Path {
  const text = fields.string('Variable');
  const path = parsePath(text);
  if (path === undefined) return fields.refuse('Variable', `${text} is not a supported path`);
  const refused = path.root === '$$' ? refuseContextPath(path, parse.context) : undefined;
  return refused === undefined ? path : fields.refuse('Variable', refused);
}
