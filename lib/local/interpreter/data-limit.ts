import type { Json } from '../../coordinator/states.ts';
import { MachineError } from './machine-error.ts';

/** AWS quotas, "maximum input or output size for a task, state, or execution": as JSON in UTF-8. */
export const DATA_BYTES_MAX = 256 * 1024;

/** Bytes of the value as JSON in UTF-8. */
export function jsonBytes(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** @throws MachineError States.DataLimitExceeded */
export function checkDataLimit(value: Json, state: string): void {
  if (jsonBytes(value) > DATA_BYTES_MAX) throw dataLimitExceeded(state);
}

/** What a function answered, as JSON would carry it: undefined becomes null. @throws MachineError States.DataLimitExceeded */
export function limitedCopy(value: unknown, state: string): Json {
  const text = JSON.stringify(value) ?? 'null';
  if (Buffer.byteLength(text) > DATA_BYTES_MAX) throw dataLimitExceeded(state);
  return JSON.parse(text) as Json;
}

export function dataLimitExceeded(state: string): MachineError {
  return new MachineError(
    'States.DataLimitExceeded',
    `The state/task '${state}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  );
}
