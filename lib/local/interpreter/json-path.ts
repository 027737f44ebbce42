import type { Json } from '../../coordinator/states.ts';
import { isObject } from './fields.ts';
import { MachineError } from './machine-error.ts';

/** A reference path: it names one place, of the state's data (`$`) or of the context object (`$$`). */
export type Path = { readonly text: string; readonly root: '$' | '$$'; readonly steps: readonly (string | number)[] };

const STEP = /\.([A-Za-z_][\w-]*)|\['([^'\\]*)'\]|\[(\d{1,9})\]/y;

/** Undefined when the text is not a reference path: wildcards, filters, slices and `..` are not. */
export function parsePath(text: string): Path | undefined {
  const root = text.startsWith('$$') ? '$$' : text.startsWith('$') ? '$' : undefined;
  if (root === undefined) return undefined;
  const steps: (string | number)[] = [];
  STEP.lastIndex = root.length;
  while (STEP.lastIndex < text.length) {
    const match = STEP.exec(text);
    if (match === null) return undefined;
    steps.push(match[1] ?? match[2] ?? Number(match[3]));
  }
  return { text, root, steps };
}

/** Undefined when there is nothing there; null is a value. */
export function readPath(path: Path, data: unknown): Json | undefined {
  let at = data;
  for (const step of path.steps) {
    if (typeof step === 'number') {
      at = Array.isArray(at) ? at[step] : undefined;
    } else {
      at = isObject(at) && Object.hasOwn(at, step) ? at[step] : undefined;
    }
    if (at === undefined) return undefined;
  }
  return at as Json;
}

/** A copy of `data` with `value` at the path; objects on the way are made where nothing is. */
export function writePath(path: Path, data: Json, value: Json): Json {
  return writeStep(path, 0, data, value);
}

function writeStep(path: Path, depth: number, data: Json | undefined, value: Json): Json {
  const step = path.steps[depth];
  if (step === undefined) return value;
  if (typeof step === 'number') {
    if (!Array.isArray(data) || step >= data.length) throw mismatch(path, data);
    return data.with(step, writeStep(path, depth + 1, data[step], value));
  }
  if (data !== undefined && !isObject(data)) throw mismatch(path, data);
  const below = data !== undefined && Object.hasOwn(data, step) ? (data[step] as Json) : undefined;
  return { ...data, [step]: writeStep(path, depth + 1, below, value) };
}

function mismatch(path: Path, data: unknown): MachineError {
  return new MachineError(
    'States.ResultPathMatchFailure',
    `Unable to apply step of ReferencePath ${path.text} to ${JSON.stringify(data)?.slice(0, 200)}`,
  );
}
