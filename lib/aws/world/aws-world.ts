import { tmpdir } from 'node:os';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { FileScratch } from '../../node/file-scratch.ts';
import { JsonLog } from '../../node/json-log.ts';
import { RandomIds } from '../../node/random-ids.ts';
import { SystemClock } from '../../node/system-clock.ts';
import type { World } from '../../ports/world.ts';
import { DynamoTaskLedger } from '../ledger/dynamo-task-ledger.ts';
import { AwsRequests } from '../requests/requests.ts';
import { ListedInputStore } from '../s3/listed-input-store.ts';
import { S3InputStore } from '../s3/s3-input-store.ts';
import { S3ObjectStore } from '../s3/s3-object-store.ts';
import { openS3Output } from '../s3/s3-output-store.ts';
import type { AwsSettings } from './aws-settings.ts';

/** `requests` carries the counts of everything that the world asks of AWS. */
export type AwsWorld = World & { readonly requests: AwsRequests };

/** The ports over S3 and DynamoDB. Sends nothing before it is used. Log lines, with their line ends, go to `writeLog`. */
export function openAwsWorld(settings: AwsSettings, writeLog: (line: string) => void = () => {}): AwsWorld {
  const clock = new SystemClock();
  const ids = new RandomIds();
  const log = new JsonLog({ writeLine: writeLog, clock });
  const requests = new AwsRequests({
    clock,
    ...(settings.region !== undefined && { region: settings.region }),
    ...(settings.recordCalls && { onCall: (call) => log.write('info', RECORDED_CALL, call) }),
  });
  const work = new S3ObjectStore({ requests, bucket: settings.workBucket, prefix: settings.workPrefix, ids });
  return {
    input: new ListedInputStore(new S3InputStore({ requests }), work),
    work,
    openOutput: openS3Output({ requests }),
    ledger: new DynamoTaskLedger({ client: () => requests.client(DynamoDBClient), tableName: settings.tableName, clock }),
    scratch: new FileScratch(tmpdir()),
    clock,
    ids,
    log,
    requests,
  };
}

/** The message of the log lines that name a call: `action`, `resources` and, of a listing, `prefix`. */
const RECORDED_CALL = 'aws call';
