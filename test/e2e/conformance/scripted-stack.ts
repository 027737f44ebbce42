import { fileURLToPath } from 'node:url';
import {
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStacksCommand,
  type Output,
  waitUntilStackCreateComplete,
  waitUntilStackDeleteComplete,
} from '@aws-sdk/client-cloudformation';
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  PublishVersionCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { build } from 'esbuild';
import type { FunctionScript } from '../../contract/state-machine/machine-case.ts';
import type { AwsClients } from '../harness/aws-clients.ts';
import { zipFile } from '../harness/zip-file.ts';

const STACK_SECONDS_MAX = 120;

/** What all cases share: the function that plays all functions, the table of its calls, the role of the state machines. */
export type ScriptedStack = {
  readonly table: string;
  readonly machineRoleArn: string;
  readonly functionArn: string;
  remove(): Promise<void>;
};

/** Deploys the function with an alias for every script. */
export async function deployScripts(
  clients: AwsClients,
  name: string,
  scripts: Readonly<Record<string, FunctionScript>>,
): Promise<ScriptedStack> {
  const { cloudFormation, lambda } = clients;
  const outputs = await createStack(clients, name);
  const { FunctionArn } = await lambda.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: outputs['FunctionRole']!,
      Timeout: 30,
      MemorySize: 256,
      Environment: { Variables: { CALLS_TABLE: outputs['Table']! } },
      Code: { ZipFile: zipFile({ 'index.mjs': await bundle(), 'scripts.json': JSON.stringify(scripts) }) },
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { FunctionName: name });
  const { Version } = await lambda.send(new PublishVersionCommand({ FunctionName: name }));
  await waitUntilFunctionActiveV2(
    { client: lambda, maxWaitTime: 60, minDelay: 1, maxDelay: 1 },
    { FunctionName: name, Qualifier: Version },
  );
  for (const alias of Object.keys(scripts)) {
    await lambda.send(new CreateAliasCommand({ FunctionName: name, Name: alias, FunctionVersion: Version }));
  }
  return {
    table: outputs['Table']!,
    machineRoleArn: outputs['MachineRole']!,
    functionArn: FunctionArn!,
    async remove() {
      await lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
      await cloudFormation.send(new DeleteStackCommand({ StackName: name }));
      await waitUntilStackDeleteComplete(
        { client: cloudFormation, maxWaitTime: STACK_SECONDS_MAX, minDelay: 1, maxDelay: 2 },
        { StackName: name },
      );
    },
  };
}

async function createStack({ cloudFormation }: AwsClients, StackName: string): Promise<Readonly<Record<string, string>>> {
  await cloudFormation.send(
    new CreateStackCommand({ StackName, Capabilities: ['CAPABILITY_IAM'], TemplateBody: JSON.stringify(template(StackName)) }),
  );
  await waitUntilStackCreateComplete(
    { client: cloudFormation, maxWaitTime: STACK_SECONDS_MAX, minDelay: 1, maxDelay: 2 },
    { StackName },
  );
  const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
  return Object.fromEntries((Stacks[0]?.Outputs ?? []).map((each: Output) => [each.OutputKey!, each.OutputValue!]));
}

/** One file with the SDK in it: not every runtime that plays Lambda has the SDK. */
async function bundle(): Promise<string> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('scripted-lambda.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // The SDK's CommonJS parts call require, which a module has to make.
    banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
  });
  return result.outputFiles[0]!.text;
}

function template(prefix: string): object {
  const role = (service: string, statements: readonly object[]) => ({
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
      },
      Policies: [{ PolicyName: 'work', PolicyDocument: { Version: '2012-10-17', Statement: statements } }],
    },
  });
  const allow = (Action: readonly string[], Resource: unknown) => ({ Effect: 'Allow', Action, Resource });
  const arn = (rest: string) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:${rest}` });
  const inRegion = ['Region', 'AccountId'].map((name) => `\${AWS::${name}}`).join(':');
  return {
    Resources: {
      Table: {
        Type: 'AWS::DynamoDB::Table',
        Properties: {
          BillingMode: 'PAY_PER_REQUEST',
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' },
            { AttributeName: 'sk', KeyType: 'RANGE' },
          ],
          AttributeDefinitions: [
            { AttributeName: 'pk', AttributeType: 'S' },
            { AttributeName: 'sk', AttributeType: 'S' },
          ],
        },
      },
      FunctionRole: role('lambda.amazonaws.com', [
        allow(['dynamodb:UpdateItem', 'dynamodb:PutItem'], { 'Fn::GetAtt': ['Table', 'Arn'] }),
      ]),
      MachineRole: role('states.amazonaws.com', [
        allow(['lambda:InvokeFunction'], arn(`lambda:${inRegion}:function:${prefix}:*`)),
        allow(['s3:GetObject', 's3:ListBucket'], [arn(`s3:::${prefix}-*`), arn(`s3:::${prefix}-*/*`)]),
        allow(
          ['states:StartExecution', 'states:DescribeExecution', 'states:StopExecution'],
          [arn(`states:${inRegion}:stateMachine:${prefix}-*`), arn(`states:${inRegion}:execution:${prefix}-*`)],
        ),
      ]),
    },
    Outputs: {
      Table: { Value: { Ref: 'Table' } },
      FunctionRole: { Value: { 'Fn::GetAtt': ['FunctionRole', 'Arn'] } },
      MachineRole: { Value: { 'Fn::GetAtt': ['MachineRole', 'Arn'] } },
    },
  };
}
