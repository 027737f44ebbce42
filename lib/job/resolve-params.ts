import { InvalidOptionError } from '../errors.ts';
import { nearest } from './check-definition.ts';
import type { Params } from './define-job.ts';

/**
 * Fills given params into the job's defaults. Texts, as they come from the command line, are read by the default's type.
 * @throws InvalidOptionError for an unknown name or a value of another type
 */
export function resolveParams(defaults: Params, given: Params): Params {
  const params: Record<string, string | number | boolean> = { ...defaults };
  for (const [name, value] of Object.entries(given)) {
    const byDefault = defaults[name];
    if (byDefault === undefined) {
      const known = Object.keys(defaults);
      const hint =
        known.length === 0 ? 'The job has no params.' : `Did you mean ${nearest(name, known)}? The job has ${known.join(', ')}.`;
      throw new InvalidOptionError({ option: `param ${name}`, value: JSON.stringify(value), rule: 'a param of this job', hint });
    }
    params[name] = readAs(name, byDefault, value);
  }
  return params;
}

function readAs(name: string, byDefault: string | number | boolean, value: string | number | boolean): string | number | boolean {
  const type = typeof byDefault;
  if (typeof value === type) return value;
  if (type === 'string') return String(value);
  const read = type === 'number' ? Number(value) : value === 'true' ? true : value === 'false' ? false : undefined;
  if (read === undefined || Number.isNaN(read) || value === '') {
    throw new InvalidOptionError({
      option: `param ${name}`,
      value: JSON.stringify(value),
      rule: `a ${type}, like its default ${byDefault}`,
      hint: `Write --param ${name}=${byDefault}.`,
    });
  }
  return read;
}
