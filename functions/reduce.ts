import { lambdaHandler, onceAContainer } from '../lib/aws/lambda/lambda-handler.ts';
import type { LambdaSandbox } from '../lib/aws/lambda/lambda-sandbox.ts';
import { openLambdaSandbox } from '../lib/aws/lambda/open-lambda-sandbox.ts';
import { parseTaskCall } from '../lib/aws/lambda/parse-call.ts';

/** One attempt at a reduce task. */
export const reduceHandler = (open: () => LambdaSandbox) =>
  lambdaHandler(async (event, invocation) => await open().run({ role: 'reduce', call: parseTaskCall(event) }, invocation));

export const handler = reduceHandler(onceAContainer(openLambdaSandbox));
