import { DEFAULT_STACK } from '../lib/aws/stack/default-stack.ts';
import type { Memory } from './function-kinds.ts';
import type { MapReduceProps } from './map-reduce.ts';
import type { Trigger } from './trigger-rules.ts';

export type AppSettings = Pick<
  MapReduceProps,
  'jobs' | 'inputs' | 'outputs' | 'triggers' | 'publishCode' | 'recordCalls' | 'memory' | 'kmsKeyArns'
> & {
  readonly stack: string;
  readonly removal: 'retain' | 'destroy';
};

/**
 * The settings of the app, from CDK context: `refold:stack`, `refold:jobs` (JSON, name → file), `refold:inputs` and `refold:outputs`
 * (JSON arrays), `refold:triggers` (JSON array of Trigger), `refold:publishCode`, `refold:recordCalls`, `refold:removal` (retain, destroy),
 * `refold:memory` (JSON, Memory), `refold:kmsKeys` (JSON array of ARNs).
 * Values of the command line are texts, those of cdk.json may be JSON itself. @throws Error that names the key
 */
export function readAppSettings(contextOf: (key: string) => unknown): AppSettings {
  const read = (name: string, fallback: unknown): unknown => contextOf(`refold:${name}`) ?? fallback;
  return {
    stack: text(read('stack', DEFAULT_STACK), 'stack'),
    jobs: json(read('jobs', {}), 'jobs', isTexts),
    inputs: json(read('inputs', ['input/']), 'inputs', isTextList),
    outputs: json(read('outputs', ['output/']), 'outputs', isTextList),
    triggers: json(read('triggers', []), 'triggers', isTriggers),
    memory: json(read('memory', {}), 'memory', isMemory),
    kmsKeyArns: json(read('kmsKeys', []), 'kmsKeys', isTextList),
    publishCode: flag(read('publishCode', false), 'publishCode'),
    recordCalls: flag(read('recordCalls', false), 'recordCalls'),
    removal: oneOf(read('removal', 'retain'), 'removal', ['retain', 'destroy']),
  };
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw wrong(name, 'a text');
}

function flag(value: unknown, name: string): boolean {
  if (value === true || value === 'true' || value === '1') return true;
  if (value === false || value === 'false' || value === '') return false;
  throw wrong(name, 'true or false');
}

function oneOf<Value extends string>(value: unknown, name: string, values: readonly Value[]): Value {
  const found = values.find((each) => each === value);
  if (found === undefined) throw wrong(name, values.join(' or '));
  return found;
}

function json<Value>(value: unknown, name: string, isRight: (parsed: unknown) => parsed is Value): Value {
  let parsed = value;
  if (typeof value === 'string') {
    try {
      parsed = JSON.parse(value);
    } catch (error) {
      throw new Error(`The context refold:${name} is not JSON.`, { cause: error });
    }
  }
  if (isRight(parsed)) return parsed;
  throw wrong(name, 'JSON of the right form');
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((each) => typeof each === 'string');
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function isMemory(value: unknown): value is Memory {
  if (!isObject(value)) return false;
  const sizes = Object.entries(value).flatMap(([name, size]) => (name === 'tasks' && Array.isArray(size) ? size : [size]));
  return (
    Object.keys(value).every((name) => ['tasks', 'solo', 'deciding', 'max'].includes(name)) &&
    sizes.every((size) => Number.isInteger(size))
  );
}

function isTriggers(value: unknown): value is readonly Trigger[] {
  const isTrigger = (each: unknown) =>
    isObject(each) && ['job', 'prefix', 'output'].every((name) => typeof (each as Record<string, unknown>)[name] === 'string');
  return Array.isArray(value) && value.every(isTrigger);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(name: string, rule: string): Error {
  return new Error(`The context refold:${name} must be ${rule}.`);
}
