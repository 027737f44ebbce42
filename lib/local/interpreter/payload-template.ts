import type { Json } from '../../coordinator/states.ts';
import { type Context, type ContextScope, refuseContextPath, resolvePath } from './context.ts';
import { type Fields, isObject } from './fields.ts';
import { INTRINSICS } from './intrinsics.ts';
import { parsePath } from './json-path.ts';

/** A part of a definition that is computed from the state's data and the context object. */
export type Expression = (data: Json, context: Context) => Json;

/** A path field such as InputPath. @throws InvalidMachineError */
export function parsePathField(fields: Fields, field: string, text: string, scope: ContextScope): Expression {
  const path = parsePath(text);
  if (path === undefined) return fields.refuse(field, `${text} is not a supported path`);
  const refused = path.root === '$$' ? refuseContextPath(path, scope) : undefined;
  if (refused !== undefined) fields.refuse(field, refused);
  if (path.root === '$' && path.steps.length === 0) return (data) => data;
  return (data, context) => resolvePath(path, data, context, field);
}

/** A payload template. Fields that end in `.$` are paths or intrinsic functions, all others are literal. @throws InvalidMachineError */
export function parseTemplate(fields: Fields, field: string, template: unknown, scope: ContextScope): Expression {
  if (!isObject(template)) return fields.refuse(field, 'not an object');
  return parseValue(fields, field, template, scope) ?? (() => template as Json);
}

/** Undefined when the value is literal throughout. */
function parseValue(fields: Fields, field: string, value: unknown, scope: ContextScope): Expression | undefined {
  if (Array.isArray(value)) return parseArray(fields, field, value, scope);
  if (!isObject(value)) return undefined;
  const members = Object.entries(value).map(([name, member]): [string, Expression] => {
    const memberField = `${field}.${name}`;
    if (!name.endsWith('.$')) return [name, parseValue(fields, memberField, member, scope) ?? (() => member as Json)];
    const key = name.slice(0, -2);
    if (typeof member !== 'string') return fields.refuse(memberField, 'not a string');
    if (Object.hasOwn(value, key)) fields.refuse(memberField, `stands beside ${key}`);
    return [key, parseExpression(fields, memberField, member, scope)];
  });
  if (!hasExpression(value)) return undefined;
  return (data, context) => {
    const made: Record<string, Json> = {};
    for (const [name, expression] of members) made[name] = expression(data, context);
    return made;
  };
}

function parseArray(fields: Fields, field: string, values: readonly unknown[], scope: ContextScope): Expression | undefined {
  const members = values.map((member, index) => parseValue(fields, `${field}[${index}]`, member, scope));
  if (members.every((member) => member === undefined)) return undefined;
  return (data, context) => members.map((member, index) => (member ? member(data, context) : (values[index] as Json)));
}

function hasExpression(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasExpression);
  return isObject(value) && Object.entries(value).some(([name, member]) => name.endsWith('.$') || hasExpression(member));
}

function parseExpression(fields: Fields, field: string, text: string, scope: ContextScope): Expression {
  if (text.startsWith('$')) return parsePathField(fields, field, text, scope);
  const parser = new CallParser(fields, field, text, scope);
  return parser.parse();
}

const NAME = /\s*(States\.\w+)\(/y;
const NUMBER = /-?\d+(?:\.\d+)?(?=\s*[,)])/y;
const STRING = /'((?:[^'\\]|\\.)*)'/y;
const WORD = /(?:true|false|null)(?=\s*[,)])/y;
const PATH = /\$[^\s,()]*/y;
const SPACE = /\s*/y;

/** `States.Name(argument, …)`; arguments are paths, numbers, 'strings', true, false, null and further calls. */
class CallParser {
  readonly #fields: Fields;
  readonly #field: string;
  readonly #text: string;
  readonly #scope: ContextScope;
  #at = 0;

  constructor(fields: Fields, field: string, text: string, scope: ContextScope) {
    this.#fields = fields;
    this.#field = field;
    this.#text = text;
    this.#scope = scope;
  }

  parse(): Expression {
    const call = this.#call();
    this.#take(SPACE);
    return this.#at === this.#text.length ? call : this.#refuse();
  }

  #call(): Expression {
    const name = this.#take(NAME)?.[1];
    if (name === undefined) return this.#refuse();
    const intrinsic = Object.hasOwn(INTRINSICS, name) ? INTRINSICS[name] : undefined;
    if (intrinsic === undefined) return this.#fields.refuse(this.#field, `${name} is not a supported intrinsic function`);
    const parameters: Expression[] = [];
    this.#take(SPACE);
    while (this.#text[this.#at] !== ')') {
      if (parameters.length > 0 && !this.#skip(',')) this.#refuse();
      this.#take(SPACE);
      parameters.push(this.#argument());
      this.#take(SPACE);
    }
    this.#at++;
    return (data, context) => intrinsic(parameters.map((parameter) => parameter(data, context)));
  }

  #argument(): Expression {
    const quoted = this.#take(STRING)?.[1];
    if (quoted !== undefined) return literal(quoted.replaceAll(/\\(.)/g, '$1'));
    const plain = this.#take(NUMBER)?.[0] ?? this.#take(WORD)?.[0];
    if (plain !== undefined) return literal(JSON.parse(plain) as Json);
    const path = this.#take(PATH)?.[0];
    return path === undefined ? this.#call() : parsePathField(this.#fields, this.#field, path, this.#scope);
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }

  #skip(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #refuse(): never {
    return this.#fields.refuse(this.#field, `${this.#text} is not a path or an intrinsic function`);
  }
}

function literal(value: Json): Expression {
  return () => value;
}
