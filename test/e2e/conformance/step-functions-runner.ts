import { QueryCommand } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { Json } from '../../../lib/coordinator/states.ts';
import type { FunctionCall, FunctionScript, MachineCase, MachineRun } from '../../contract/state-machine/machine-case.ts';
import type { AwsClients } from '../harness/aws-clients.ts';
import { removeBucket } from '../harness/empty-bucket.ts';
import { poll } from '../harness/poll.ts';
import { deployScripts, type ScriptedStack } from './scripted-stack.ts';

const CASE_SECONDS_MAX = 120;

/** Runs cases as real state machines with real functions. */
export class StepFunctionsRunner {
  readonly #clients: AwsClients;
  readonly #name: string;
  readonly #ids: ReadonlyMap<MachineCase, string>;
  #stack: ScriptedStack | undefined;

  /** @param name of the resources: unique, short, in lower case */
  constructor(clients: AwsClients, name: string, cases: readonly MachineCase[]) {
    this.#clients = clients;
    this.#name = name;
    this.#ids = new Map(cases.map((each, index) => [each, `c${index}`]));
  }

  async deploy(): Promise<void> {
    const scripts: Record<string, FunctionScript> = {};
    for (const [{ functions = {} }, id] of this.#ids) {
      for (const [name, script] of Object.entries(functions)) scripts[`${id}_${name}`] = script;
    }
    this.#stack = await deployScripts(this.#clients, this.#name, scripts);
  }

  async remove(): Promise<void> {
    await this.#stack?.remove();
  }

  async run(machineCase: MachineCase): Promise<MachineRun> {
    const { sfn, s3 } = this.#clients;
    const stack = this.#stack!;
    const id = this.#ids.get(machineCase)!;
    const name = `${this.#name}-${id}`;
    if (usesObjects(machineCase)) await this.#putObjects(name, machineCase.objects ?? {});
    const { stateMachineArn } = await sfn.send(
      new CreateStateMachineCommand({
        name,
        roleArn: stack.machineRoleArn,
        definition: JSON.stringify(withRealNames(machineCase.definition, (each) => `${stack.functionArn}:${id}_${each}`, name)),
      }),
    );
    try {
      const input = JSON.stringify(machineCase.input ?? {});
      const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn, input }));
      const ended = await poll(
        `the end of ${machineCase.title}`,
        async () => {
          const execution = await sfn.send(new DescribeExecutionCommand({ executionArn }));
          return execution.status === 'RUNNING' ? undefined : execution;
        },
        { timeoutMs: CASE_SECONDS_MAX * 1000, intervalMs: 200 },
      );
      const calls = await this.#readCalls(id);
      return { outcome: outcomeOf(ended), calls, seconds: secondsOf(ended), peak: peakOf(calls) };
    } finally {
      await sfn.send(new DeleteStateMachineCommand({ stateMachineArn }));
      if (usesObjects(machineCase)) await removeBucket(s3, name);
    }
  }

  async #putObjects(Bucket: string, objects: Readonly<Record<string, Json>>): Promise<void> {
    await this.#clients.s3.send(new CreateBucketCommand({ Bucket }));
    for (const [Key, items] of Object.entries(objects)) {
      await this.#clients.s3.send(new PutObjectCommand({ Bucket, Key, Body: JSON.stringify(items) }));
    }
  }

  async #readCalls(id: string): Promise<readonly TimedCall[]> {
    const { Items = [] } = await this.#clients.dynamo.send(
      new QueryCommand({
        TableName: this.#stack!.table,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :call)',
        ExpressionAttributeValues: { ':pk': { S: id }, ':call': { S: 'call ' } },
        ConsistentRead: true,
      }),
    );
    return Items.map((item) => ({
      name: item['name']!.S!,
      payload: JSON.parse(item['payload']!.S!) as Json,
      startedAtMs: Number(item['startedAtMs']!.N),
      endedAtMs: Number(item['endedAtMs']?.N ?? Number.POSITIVE_INFINITY),
    }));
  }
}

type TimedCall = FunctionCall & { readonly startedAtMs: number; readonly endedAtMs: number };

function usesObjects({ definition }: MachineCase): boolean {
  return JSON.stringify(definition).includes('"ItemReader"');
}

/** The definition with the ARN of each function and the name of the bucket `items`. */
function withRealNames(value: unknown, functionArn: (name: string) => string, bucket: string): unknown {
  if (Array.isArray(value)) return value.map((each) => withRealNames(each, functionArn, bucket));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, member]) => {
      if (field === 'FunctionName') return [field, functionArn(member as string)];
      if (field === 'Bucket') return [field, bucket];
      return [field, withRealNames(member, functionArn, bucket)];
    }),
  );
}

function outcomeOf({ status, output, error = '', cause = '' }: DescribeExecutionOutput): MachineRun['outcome'] {
  if (status === 'SUCCEEDED') return { output: JSON.parse(output!) as Json };
  return { error, cause };
}

function secondsOf({ startDate, stopDate }: DescribeExecutionOutput): number {
  return (stopDate!.getTime() - startDate!.getTime()) / 1000;
}

/** The most calls under way at a moment. */
function peakOf(calls: readonly TimedCall[]): number {
  const under = (atMs: number) => calls.filter((each) => each.startedAtMs <= atMs && atMs < each.endedAtMs).length;
  return Math.max(0, ...calls.map((each) => under(each.startedAtMs)));
}
