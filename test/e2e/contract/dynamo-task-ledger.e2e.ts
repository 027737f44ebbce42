import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll } from 'vitest';
import { DynamoTaskLedger } from '../../../lib/aws/ledger/dynamo-task-ledger.ts';
import { AwsRequests } from '../../../lib/aws/requests/requests.ts';
import { taskLedgerContract } from '../../contract/task-ledger.contract.ts';
import { makeLedgerTable, type TestTable } from './ledger-table.ts';

const tables: TestTable[] = [];
const callers = [new AwsRequests(), new AwsRequests()] as const;

afterAll(async () => {
  for (const table of tables) await table.remove();
  for (const requests of callers) requests.close();
});

taskLedgerContract('DynamoTaskLedger', async (clock) => {
  const table = await makeLedgerTable();
  tables.push(table);
  const [ledger, other] = callers.map(
    (requests) => new DynamoTaskLedger({ client: () => requests.client(DynamoDBClient), tableName: table.name, clock }),
  );
  return [ledger!, other!];
});
