import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { assert } from '../../errors.ts';

/** An item as DynamoDB has it. */
export type Item = Record<string, AttributeValue>;

/** What items of the ledger are made of. Properties that are undefined are left out. */
export type Plain = string | number | readonly Plain[] | PlainItem;
export type PlainItem = { readonly [name: string]: Plain | undefined };

export function toItem(values: PlainItem): Item {
  const item: Item = {};
  for (const [name, value] of Object.entries(values)) if (value !== undefined) item[name] = toAttribute(value);
  return item;
}

function toAttribute(value: Plain): AttributeValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') {
    assert(Number.isFinite(value), 'DynamoDB has no number that is not finite');
    return { N: String(value) };
  }
  return isList(value) ? { L: value.map(toAttribute) } : { M: toItem(value) };
}

/** What `toItem` was given, as the caller knows it. */
export function fromItem<Values extends PlainItem>(item: Item): Values {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, fromAttribute(value)])) as Values;
}

function fromAttribute(value: AttributeValue): Plain {
  if (value.S !== undefined) return value.S;
  if (value.N !== undefined) return Number(value.N);
  if (value.L !== undefined) return value.L.map(fromAttribute);
  assert(value.M !== undefined, 'the ledger writes texts, numbers, lists and maps');
  return fromItem(value.M);
}

/** `Array.isArray` does not know read-only arrays. */
function isList(value: readonly Plain[] | PlainItem): value is readonly Plain[] {
  return Array.isArray(value);
}
