import { randomUUID } from 'node:crypto';
import {
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDBClient,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { LEDGER_TABLE } from '../../../lib/aws/ledger/ledger-table.ts';
import { AwsRequests } from '../../../lib/aws/requests/requests.ts';

export type TestTable = { readonly name: string; readonly remove: () => Promise<void> };

/** A table as the stack makes it, under a random name. */
export async function makeLedgerTable(): Promise<TestTable> {
  const requests = new AwsRequests();
  const client = requests.client(DynamoDBClient);
  const TableName = `refold-ledger-${randomUUID()}`;
  const { partitionKey, sortKey, timeToLiveAttribute } = LEDGER_TABLE;
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: partitionKey, KeyType: 'HASH' },
        { AttributeName: sortKey, KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [partitionKey, sortKey].map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const })),
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 60 }, { TableName });
  const TimeToLiveSpecification = { Enabled: true, AttributeName: timeToLiveAttribute };
  await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
  return {
    name: TableName,
    remove: async () => {
      await client.send(new DeleteTableCommand({ TableName }));
      requests.close();
    },
  };
}
