import { readFileSync } from 'node:fs';
import { DynamoDBClient, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Behaviour, FunctionScript } from '../../contract/state-machine/machine-case.ts';

/** What the function needs of Lambda's context. The alias that was called is the last part of the ARN. */
type Invocation = { readonly invokedFunctionArn: string; readonly awsRequestId: string };

/** Scripts of all functions of all cases, by alias; deployed beside the function. */
const scripts = JSON.parse(readFileSync(new URL('scripts.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, FunctionScript>
>;
const dynamo = new DynamoDBClient({ maxAttempts: 3 });
const TableName = process.env['CALLS_TABLE'];

/**
 * One Lambda function plays all functions of all cases: an alias each, by which it knows its script. How often it was called is
 * counted in a table, since two calls may meet two sandboxes; the calls are kept there too, with their times.
 */
export async function handler(payload: unknown, { invokedFunctionArn, awsRequestId }: Invocation): Promise<unknown> {
  const startedAtMs = Date.now();
  const alias = invokedFunctionArn.split(':').at(-1)!;
  const script = scripts[alias];
  if (script === undefined) throw new Error(`There is no script for ${alias}.`);
  const [caseId, name] = alias.split('_') as [string, string];
  const value = 'by' in script ? String((payload as Record<string, unknown>)[script.by]) : '';
  const { order, count } = await countCall(caseId, `${name} ${value}`);
  const behaviours = 'by' in script ? (script.scripts[value] ?? []) : script;
  const record = (endedAtMs?: number) => recordCall(caseId, { order, name, payload, startedAtMs, awsRequestId }, endedAtMs);
  await record();
  try {
    return await play(behaviours[Math.min(count, behaviours.length) - 1] ?? {}, payload);
  } finally {
    await record(Date.now());
  }
}

/** The number of this call among all of the case, and among those of the same script; both from 1. */
async function countCall(caseId: string, counter: string): Promise<{ order: number; count: number }> {
  const { Attributes: counted = {} } = await dynamo.send(
    new UpdateItemCommand({
      TableName,
      Key: { pk: { S: caseId }, sk: { S: 'counts' } },
      UpdateExpression: 'ADD #order :one, #counter :one',
      ExpressionAttributeNames: { '#order': 'order', '#counter': counter },
      ExpressionAttributeValues: { ':one': { N: '1' } },
      ReturnValues: 'UPDATED_NEW',
    }),
  );
  return { order: Number(counted['order']?.N), count: Number(counted[counter]?.N) };
}

type Call = { order: number; name: string; payload: unknown; startedAtMs: number; awsRequestId: string };

async function recordCall(caseId: string, call: Call, endedAtMs: number | undefined): Promise<void> {
  const { order, name, payload, startedAtMs, awsRequestId } = call;
  await dynamo.send(
    new PutItemCommand({
      TableName,
      Item: {
        pk: { S: caseId },
        sk: { S: `call ${String(order).padStart(4, '0')} ${awsRequestId}` },
        name: { S: name },
        payload: { S: JSON.stringify(payload) },
        startedAtMs: { N: String(startedAtMs) },
        ...(endedAtMs === undefined ? {} : { endedAtMs: { N: String(endedAtMs) } }),
      },
    }),
  );
}

async function play(behaviour: Behaviour, payload: unknown): Promise<unknown> {
  const { afterSeconds = 0, error, message = '', answer = {}, answerBytes, echo = false } = behaviour;
  if (afterSeconds > 0) await new Promise((wake) => setTimeout(wake, afterSeconds * 1000));
  if (error !== undefined) throw Object.assign(new Error(message), { name: error });
  if (answerBytes !== undefined) return 'x'.repeat(answerBytes - 2); // The quotes count too.
  return echo ? payload : answer;
}
