import { lambdaHandler, onceAContainer } from '../lib/aws/lambda/lambda-handler.ts';
import type { LambdaSandbox } from '../lib/aws/lambda/lambda-sandbox.ts';
import { openLambdaSandbox } from '../lib/aws/lambda/open-lambda-sandbox.ts';
import { parseSampleCall } from '../lib/aws/lambda/parse-call.ts';

/** Samples the keys of a step for its boundaries. */
export const sampleHandler = (open: () => LambdaSandbox) =>
  lambdaHandler(async (event, invocation) => await open().run({ role: 'sample', call: parseSampleCall(event) }, invocation));

export const handler = sampleHandler(onceAContainer(openLambdaSandbox));
