import type { Deciding } from '../lib/aws/lambda/deciding.ts';
import { executionEnded, parseEndedExecution } from '../lib/aws/lambda/execution-ended.ts';
import { lambdaHandler, onceAContainer } from '../lib/aws/lambda/lambda-handler.ts';
import { openDeciding } from '../lib/aws/lambda/open-deciding.ts';
import { parseMarkFailedCall } from '../lib/aws/lambda/parse-call.ts';
import { markFailed } from '../lib/coordinator/mark-failed.ts';

/** Called by the machine with what it failed of, and by a rule when an execution has ended in whatever way. */
export const markFailedHandler = (open: () => Deciding) =>
  lambdaHandler(async (event) => {
    const flow = open().flowOfFailure();
    const ended = parseEndedExecution(event);
    return ended === undefined ? await markFailed(flow, parseMarkFailedCall(event)) : await executionEnded(flow, ended);
  });

export const handler = markFailedHandler(onceAContainer(openDeciding));
