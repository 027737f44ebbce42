import { lambdaHandler, onceAContainer } from '../lib/aws/lambda/lambda-handler.ts';
import { openStart } from '../lib/aws/lambda/open-start.ts';
import { parseMessageBatch } from '../lib/aws/lambda/parse-call.ts';
import { startTriggered, type TriggerStarter } from '../lib/aws/trigger/start-triggered.ts';

/** Called with a batch of messages of the queue of uploads; answers those that are to be delivered again. */
export const startHandler = (open: () => TriggerStarter) =>
  lambdaHandler(async (event) => await startTriggered(open(), parseMessageBatch(event)));

export const handler = startHandler(onceAContainer(openStart));
