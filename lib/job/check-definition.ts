import { RefoldError } from '../errors.ts';
import { nearest } from '../record/nearest.ts';
import { OPTION_NAMES } from './job-options.ts';

/** A job definition that cannot be run, found where it is defined. */
export class InvalidJobError extends RefoldError {
  override readonly name = 'InvalidJobError';
  readonly code = 'REFOLD_INVALID_JOB';
  readonly retryable = false;
  readonly hint: string;
  constructor(reason: string, hint = 'See the job reference in the README.', options?: ErrorOptions) {
    super(`This is no valid job: ${reason}.`, { reason }, options);
    this.hint = hint;
  }
}

const FIELDS = [
  'name',
  'input',
  'map',
  'inputs',
  'combine',
  'reduce',
  'groupBy',
  'partition',
  'setup',
  'cleanup',
  'output',
  'params',
];

/** @throws InvalidJobError at the first thing that is wrong */
export function checkDefinition(definition: object): void {
  if (typeof definition !== 'object' || definition === null) throw new InvalidJobError('defineJob takes an object');
  const known = [...FIELDS, ...OPTION_NAMES];
  for (const field of Object.keys(definition)) {
    if (!known.includes(field))
      throw new InvalidJobError(`${field} is not a field of a job`, `Did you mean ${nearest(field, known)}?`);
  }
  const fields = definition as Record<string, unknown>;
  if (fields['inputs'] !== undefined && (fields['input'] !== undefined || fields['map'] !== undefined)) {
    throw new InvalidJobError(
      'inputs stands in place of input and map',
      'Give each named input its own map: input(reader, map).',
    );
  }
  if (fields['inputs'] === undefined && !isMapOf(fields['map'], fields['input']))
    throw new InvalidJobError('map must be a function');
  checkInputs(fields['inputs']);
  checkFunctions(fields);
  checkNameAndParams(fields);
}

/** Only pairs of another job may go on without a map. */
function isMapOf(map: unknown, reader: unknown): boolean {
  return typeof map === 'function' || (map === undefined && (reader as { cuts?: string } | undefined)?.cuts === 'pairs');
}

function checkNameAndParams({ name, params }: Record<string, unknown>): void {
  if (name !== undefined && (typeof name !== 'string' || name === '')) throw new InvalidJobError('name must be a text');
  if (params === undefined) return;
  if (typeof params !== 'object' || params === null || Array.isArray(params))
    throw new InvalidJobError('params must be an object of defaults');
  for (const [param, value] of Object.entries(params)) {
    if (!['string', 'number', 'boolean'].includes(typeof value))
      throw new InvalidJobError(`the param ${param} must have a string, a number or a boolean for its default`);
  }
}

function checkInputs(inputs: unknown): void {
  if (inputs === undefined) return;
  if (typeof inputs !== 'object' || inputs === null || Object.keys(inputs).length === 0)
    throw new InvalidJobError('inputs must name at least one input');
  for (const [name, named] of Object.entries(inputs)) {
    const { reader, map } = (named ?? {}) as Record<string, unknown>;
    if ((reader as { kind?: string } | undefined)?.kind !== 'reader' || !isMapOf(map, reader)) {
      throw new InvalidJobError(`inputs.${name} must be input(reader, map)`);
    }
  }
}

function checkFunctions(fields: Record<string, unknown>): void {
  const kindOf = (value: unknown) => (value as { kind?: string } | null | undefined)?.kind;
  const { input, combine, reduce, setup, cleanup, output, groupBy, partition } = fields;
  if (input !== undefined && kindOf(input) !== 'reader') throw new InvalidJobError('input must be a reader, such as lines()');
  if (combine !== undefined && typeof combine !== 'function' && kindOf(combine) !== 'builtin') {
    throw new InvalidJobError('combine must be a function or a built-in combiner, such as sum()');
  }
  if (reduce !== undefined && typeof reduce !== 'function' && kindOf(reduce) !== 'builtin' && kindOf(reduce) !== 'identity') {
    throw new InvalidJobError('reduce must be a function, a built-in combiner or identity()');
  }
  if (combine !== undefined && reduce === undefined) throw new InvalidJobError('combine needs a reduce');
  if (setup !== undefined && typeof setup !== 'function') throw new InvalidJobError('setup must be a function');
  if (cleanup !== undefined && typeof cleanup !== 'function') throw new InvalidJobError('cleanup must be a function');
  if (
    output !== undefined &&
    kindOf(output) !== 'writer' &&
    kindOf((output as { writer?: unknown } | null)?.writer) !== 'writer'
  ) {
    throw new InvalidJobError('output must be a writer, such as tsv()');
  }
  if (partition !== undefined && kindOf(partition) !== 'partition')
    throw new InvalidJobError('partition must be hash() or range()');
  if (groupBy !== undefined && !(Number.isInteger(groupBy) && (groupBy as number) >= 1)) {
    throw new InvalidJobError('groupBy must be a whole number from 1', 'It counts the elements of the tuple key that group.');
  }
}
