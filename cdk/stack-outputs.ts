import { CfnOutput, type Stack } from 'aws-cdk-lib';
import { locationUri } from './location.ts';
import type { MapReduce } from './map-reduce.ts';
import { WORK_PREFIX } from './work-bucket.ts';

/** Characters of a job's hash in the list of jobs: enough to tell a changed job. */
const HASH_LENGTH = 16;

/** What the command line needs to know of a stack; it reads these names. */
export function writeStackOutputs(stack: Stack, mapReduce: MapReduce): void {
  const { functions, jobs, memory, scratchMb, roles } = mapReduce;
  const names = Object.fromEntries(Object.entries(functions).map(([name, { functionName }]) => [name, functionName]));
  const values: Record<string, string> = {
    WorkBucket: mapReduce.workBucket.bucketName,
    WorkPrefix: WORK_PREFIX,
    Table: mapReduce.table.tableName,
    StateMachineArn: mapReduce.stateMachine.stateMachineArn,
    Functions: JSON.stringify(names),
    Inputs: JSON.stringify(mapReduce.inputs.map(locationUri)),
    Outputs: JSON.stringify(mapReduce.outputs.map(locationUri)),
    Settings: JSON.stringify({ memory, scratchMb }),
    // An output must not be empty.
    ...(jobs.length === 0 ? {} : { Jobs: jobs.map(({ name, sha256 }) => `${name}:${sha256.slice(0, HASH_LENGTH)}`).join(',') }),
    ...(roles.publisher === undefined ? {} : { PublisherRole: roles.publisher.roleArn }),
  };
  for (const [name, value] of Object.entries(values)) new CfnOutput(stack, name, { value });
}
