import { TransientError } from '../requests/aws-error.ts';
import type { Condition, DynamoTable } from './dynamo-table.ts';
import type { LedgerKey } from './ledger-keys.ts';

/**
 * Writes on the condition that an item is still the one that was decided on. Each that fails means that another one got further, so
 * this many callers at one item at once end in any case.
 */
export const WRITES_MAX = 100;

export function sameVersion({ version }: { readonly version: number }): Condition {
  if (version === 0) return { condition: 'attribute_not_exists(#pk)' };
  return { condition: '#version = :version', values: { version } };
}

/** Others changed the item for all of WRITES_MAX. */
export function busyItem(table: DynamoTable, key: LedgerKey): TransientError {
  const resource = `${table.name} ${key.pk} ${key.sk}`;
  return new TransientError({ action: 'dynamodb:PutItem', resource, reason: 'others keep changing the item' });
}
