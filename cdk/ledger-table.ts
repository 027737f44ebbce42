import type { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { LEDGER_TABLE } from '../lib/aws/ledger/ledger-table.ts';

export type LedgerTableOptions = { readonly key: IKey | undefined; readonly removalPolicy: RemovalPolicy };

/** The ledger: paid by the request, encrypted, with point-in-time recovery, and items that expire. */
export function createLedgerTable(scope: Construct, { key, removalPolicy }: LedgerTableOptions): Table {
  return new Table(scope, 'Ledger', {
    partitionKey: { name: LEDGER_TABLE.partitionKey, type: AttributeType.STRING },
    sortKey: { name: LEDGER_TABLE.sortKey, type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: LEDGER_TABLE.timeToLiveAttribute,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    encryption: key === undefined ? TableEncryption.DEFAULT : TableEncryption.CUSTOMER_MANAGED,
    ...(key === undefined ? {} : { encryptionKey: key }),
    removalPolicy,
  });
}
