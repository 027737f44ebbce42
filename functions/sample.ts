import { lambdaHandler, onceAContainer } from '../lib/aws/lambda-handler.ts';
import type { LambdaSandbox } from '../lib/aws/lambda-sandbox.ts';
import { openLambdaSandbox } from '../lib/aws/open-lambda-sandbox.ts';
import { parseSampleCall } from '../lib/aws/parse-call.ts';

/** Samples the keys of a step for its boundaries. */
export const sampleHandler = (open: () => LambdaSandbox) =>
  lambdaHandler(async (event, invocation) => await open().run({ role: 'sample', call: parseSampleCall(event) }, invocation));

export const handler = sampleHandler(onceAContainer(openLambdaSandbox));
