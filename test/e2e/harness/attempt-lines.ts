import { FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { AttemptReport } from '../../../lib/aws/lambda/attempt-log.ts';
import type { AwsClients } from './aws-clients.ts';

/** What the attempts of a job have logged of themselves: one line each. */
export async function readAttemptLines(
  { logs }: AwsClients,
  functionName: string,
  jobId: string,
): Promise<readonly AttemptReport[]> {
  const found: AttemptReport[] = [];
  let nextToken: string | undefined;
  do {
    const page = await logs.send(new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${functionName}`, nextToken }));
    for (const { message = '' } of page.events ?? []) {
      if (!message.startsWith('{') || !message.includes(jobId)) continue;
      const line = JSON.parse(message) as AttemptReport & { readonly message: string };
      if (line.message === 'attempt') found.push(line);
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return found;
}
