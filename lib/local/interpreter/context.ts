import type { Json } from '../../coordinator/states.ts';
import { type Path, readPath } from './json-path.ts';
import { MachineError } from './machine-error.ts';

/** The item of the innermost inline map around a state, or the one that an ItemSelector is at. */
export type MapItem = { readonly Index: number; readonly Value: Json };

/** The context object `$$`, as far as it is supported. */
export type Context = {
  readonly Execution: { readonly Id: string; readonly Name: string; readonly Input: Json; readonly StartTime: string };
  readonly State: { readonly Name: string; readonly RetryCount: number };
  readonly Map?: { readonly Item: MapItem };
};

/** Which parts of the context object may be named at a place of the definition. */
export type ContextScope = { readonly execution: boolean; readonly mapItem: boolean };

/** Fields that hold a text or number, and those that hold data, of which any part may be named. */
const LEAVES = new Set([
  'Execution.Id',
  'Execution.Name',
  'Execution.StartTime',
  'State.Name',
  'State.RetryCount',
  'Map.Item.Index',
]);
const TREES = ['Execution.Input', 'Map.Item.Value'];

/** Why a context path may not stand here, or undefined when it may. */
export function refuseContextPath(path: Path, scope: ContextScope): string | undefined {
  const name = path.steps.join('.');
  const known = LEAVES.has(name) || TREES.some((tree) => name === tree || name.startsWith(`${tree}.`));
  if (!known) return `${path.text} is not a supported field of the context object`;
  const [part] = path.steps;
  if (part === 'Execution' && !scope.execution)
    return `${path.text} differs between a child execution of AWS and the interpreter`;
  if (part === 'Map' && !scope.mapItem) return `${path.text} is known only to an ItemSelector and inside an inline Map`;
  return undefined;
}

/** @throws MachineError States.Runtime where nothing is, as AWS does: such an error can't be caught */
export function resolvePath(path: Path, data: Json, context: Context, field: string): Json {
  const value = readPath(path, path.root === '$' ? data : context);
  if (value !== undefined) return value;
  throw new MachineError(
    'States.Runtime',
    `An error occurred while executing the state '${context.State.Name}'. The JSONPath '${path.text}' specified for the field '${field}' could not be found.`,
  );
}
