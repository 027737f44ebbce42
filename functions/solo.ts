import { lambdaHandler, onceAContainer } from '../lib/aws/lambda/lambda-handler.ts';
import type { LambdaSandbox } from '../lib/aws/lambda/lambda-sandbox.ts';
import { openLambdaSandbox } from '../lib/aws/lambda/open-lambda-sandbox.ts';
import { parseSoloCall } from '../lib/aws/lambda/parse-call.ts';

/** One attempt at a whole step. */
export const soloHandler = (open: () => LambdaSandbox) =>
  lambdaHandler(async (event, invocation) => await open().run({ role: 'solo', call: parseSoloCall(event) }, invocation));

export const handler = soloHandler(onceAContainer(openLambdaSandbox));
