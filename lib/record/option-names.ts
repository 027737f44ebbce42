import { InvalidOptionError } from '../errors.ts';
import { nearest } from './nearest.ts';

/**
 * Looks at the names alone. A misspelt option would change nothing and say nothing: job files run without a type check.
 * @param of what takes them, as messages call it, such as `csv()`
 * @throws InvalidOptionError, naming the nearest known one
 */
export function checkOptionNames(of: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw new InvalidOptionError({ option: of, value: String(options), rule: 'an object of options' });
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const hint = `Did you mean ${nearest(unknown, known)}? It takes ${known.join(', ')}.`;
  throw new InvalidOptionError({ option: of, value: unknown, rule: 'one of its options', hint });
}
