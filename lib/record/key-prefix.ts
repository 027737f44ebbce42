import { RefoldError } from '../errors.ts';
import { elementEnd } from './key-element.ts';
import { KEY_TAG_TUPLE } from './key-format.ts';
import { showKey } from './show-key.ts';

/**
 * Where the first `elements` elements of a tuple key end: bytes[start, answer) is itself an encoded tuple.
 * @throws ShortKeyError when the key is no tuple, or has fewer elements
 */
export function keyPrefixEnd(bytes: Uint8Array, start: number, end: number, elements: number): number {
  if (bytes[start] !== KEY_TAG_TUPLE) throw new ShortKeyError({ key: showKey(bytes, start, end), groupBy: elements });
  let at = start + 1;
  for (let element = 0; element < elements; element++) {
    if (at >= end) throw new ShortKeyError({ key: showKey(bytes, start, end), groupBy: elements });
    at = elementEnd(bytes, at, end);
  }
  return at;
}

/** `groupBy` met a key without that many elements. */
export class ShortKeyError extends RefoldError {
  override readonly name = 'ShortKeyError';
  readonly code = 'REFOLD_SHORT_KEY';
  readonly retryable = false;
  readonly hint = 'Emit tuple keys with at least groupBy elements, or lower groupBy.';
  constructor(values: { key: string; groupBy: number }, options?: ErrorOptions) {
    super(`The key ${values.key} is no tuple of ${values.groupBy} or more elements, which groupBy asks for.`, values, options);
  }
}
