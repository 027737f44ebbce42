import { lambdaHandler, onceAContainer } from '../lib/aws/lambda/lambda-handler.ts';
import type { LambdaSandbox } from '../lib/aws/lambda/lambda-sandbox.ts';
import { openLambdaSandbox } from '../lib/aws/lambda/open-lambda-sandbox.ts';
import { parseTaskCall } from '../lib/aws/lambda/parse-call.ts';

/** One attempt at a map task. */
export const mapHandler = (open: () => LambdaSandbox) =>
  lambdaHandler(async (event, invocation) => await open().run({ role: 'map', call: parseTaskCall(event) }, invocation));

export const handler = mapHandler(onceAContainer(openLambdaSandbox));
