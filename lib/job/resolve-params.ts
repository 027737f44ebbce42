import { InvalidOptionError } from '../errors.ts';
import { nearest } from '../record/nearest.ts';
import { InvalidJobError } from './check-definition.ts';
import type { Params } from './define-job.ts';

/**
 * The given params, read by the types of the jobs' defaults: those that are not given stay with each job of a chain.
 * @param defaults see `defaultsOf`
 * @throws InvalidOptionError for an unknown name or a value of another type
 */
export function resolveParams(defaults: Params, given: Params): Params {
  const params: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, name)) {
      const known = Object.keys(defaults);
      const hint =
        known.length === 0 ? 'The job has no params.' : `Did you mean ${nearest(name, known)}? The job has ${known.join(', ')}.`;
      throw new InvalidOptionError({ option: `param ${name}`, value: JSON.stringify(value), rule: 'a param of this job', hint });
    }
    params[name] = readAs(name, defaults[name]!, value);
  }
  return params;
}

/**
 * The params of all jobs of a chain; of those that meet in a name the last default stands for the type, which they must share.
 * @throws InvalidJobError
 */
export function defaultsOf(steps: readonly { readonly params: Params }[]): Params {
  const defaults = new Map<string, string | number | boolean>();
  for (const { params } of steps) {
    for (const [name, value] of Object.entries(params)) {
      const known = defaults.get(name);
      if (known !== undefined && typeof known !== typeof value) {
        const reason = `the param ${name} is a ${typeof known} in one of its steps and a ${typeof value} in another`;
        throw new InvalidJobError(reason, 'Rename one of them, or give both defaults one type.');
      }
      defaults.set(name, value);
    }
  }
  return Object.fromEntries(defaults);
}

/** What one job of a chain sees: its own params, with those that were given in place of its defaults. */
export function paramsOf(defaults: Params, given: Params): Params {
  const own = Object.entries(defaults).map(([name, value]) => [name, Object.hasOwn(given, name) ? given[name]! : value] as const);
  return Object.fromEntries(own);
}

function readAs(name: string, byDefault: string | number | boolean, value: string | number | boolean): string | number | boolean {
  const type = typeof byDefault;
  if (typeof value === type && (typeof value !== 'number' || Number.isFinite(value))) return value;
  if (type === 'string') return String(value);
  const read = type === 'number' ? Number(value) : value === 'true' ? true : value === 'false' ? false : undefined;
  if (read === undefined || (typeof read === 'number' && !Number.isFinite(read)) || value === '') {
    throw new InvalidOptionError({
      option: `param ${name}`,
      value: typeof value === 'number' ? String(value) : JSON.stringify(value),
      rule: `a ${type}, like its default ${byDefault}`,
      hint: `Write --param ${name}=${byDefault}.`,
    });
  }
  return read;
}
