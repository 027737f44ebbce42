import type { Json } from '../../coordinator/states.ts';
import { MachineError } from './machine-error.ts';

/** The supported intrinsic functions. Each throws IntrinsicFailure on arguments of the wrong number or kind. */
export const INTRINSICS: Readonly<Record<string, (values: readonly Json[]) => Json>> = {
  'States.Format': (values) => {
    const [template, ...rest] = values;
    if (typeof template !== 'string') throw failure('States.Format', 'its first argument is not a string');
    const parts = template.split('{}');
    if (parts.length !== rest.length + 1) throw failure('States.Format', 'it needs one argument for each {}');
    return parts.map((part, index) => part + (index < rest.length ? shown(rest[index]!) : '')).join('');
  },
  'States.Array': (values) => values,
  'States.ArrayLength': (values) => {
    const [array] = values;
    if (values.length !== 1 || !Array.isArray(array)) throw failure('States.ArrayLength', 'it needs one array');
    return array.length;
  },
  'States.MathAdd': (values) => {
    const [left, right] = values;
    if (values.length !== 2 || !Number.isInteger(left) || !Number.isInteger(right)) {
      throw failure('States.MathAdd', 'it needs two whole numbers');
    }
    return (left as number) + (right as number);
  },
  'States.JsonToString': (values) => {
    if (values.length !== 1) throw failure('States.JsonToString', 'it needs one argument');
    return JSON.stringify(values[0]);
  },
  'States.StringToJson': (values) => {
    const [text] = values;
    if (values.length !== 1 || typeof text !== 'string') throw failure('States.StringToJson', 'it needs one string');
    try {
      return JSON.parse(text) as Json;
    } catch (error) {
      throw failure('States.StringToJson', error instanceof Error ? error.message : String(error));
    }
  },
};

function shown(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function failure(name: string, reason: string): MachineError {
  return new MachineError('States.IntrinsicFailure', `${name}: ${reason}`);
}
