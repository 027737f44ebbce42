import { FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { RecordedCall } from '../../../lib/aws/requests/recorded-call.ts';
import type { AwsClients } from './aws-clients.ts';

/** Every call to AWS that a function has logged since it was deployed, each kind of it once. */
export async function readRecordedCalls(
  { logs }: AwsClients,
  functionName: string,
  account: string,
): Promise<readonly RecordedCall[]> {
  const calls = new Map<string, RecordedCall>();
  let nextToken: string | undefined;
  do {
    const page = await logs.send(new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${functionName}`, nextToken }));
    for (const { message = '' } of page.events ?? []) {
      const call = callOf(message, account);
      if (call !== undefined) calls.set(JSON.stringify(call), call);
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return [...calls.values()];
}

/** No call says whose account it goes to: records have `*` there. */
function callOf(line: string, account: string): RecordedCall | undefined {
  const start = line.indexOf('{');
  if (start === -1 || !line.includes('"aws call"')) return undefined;
  const { action, resources, prefix } = JSON.parse(line.slice(start)) as RecordedCall;
  const named = resources.map((resource) => resource.replace(/^(arn:[^:]*:[^:]*:[^:]*:)\*(?=:)/, `$1${account}`));
  return { action, resources: named, ...(prefix === undefined ? {} : { prefix }) };
}
