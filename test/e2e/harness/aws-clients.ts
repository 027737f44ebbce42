import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';

/** Real clients, for whatever AWS_ENDPOINT_URL points at. The SDK reads endpoint, region and credentials itself. */
export type AwsClients = {
  readonly s3: S3Client;
  readonly dynamo: DynamoDBClient;
  readonly lambda: LambdaClient;
  readonly sfn: SFNClient;
  readonly sqs: SQSClient;
  readonly logs: CloudWatchLogsClient;
  readonly cloudFormation: CloudFormationClient;
  close(): void;
};

export function openClients(): AwsClients {
  const clients = {
    s3: new S3Client({}),
    dynamo: new DynamoDBClient({}),
    lambda: new LambdaClient({}),
    sfn: new SFNClient({}),
    sqs: new SQSClient({}),
    logs: new CloudWatchLogsClient({}),
    cloudFormation: new CloudFormationClient({}),
  };
  return {
    ...clients,
    close() {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
}
