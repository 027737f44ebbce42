import type { Deciding } from '../lib/aws/lambda/deciding.ts';
import { lambdaHandler, onceAContainer } from '../lib/aws/lambda/lambda-handler.ts';
import { openDeciding } from '../lib/aws/lambda/open-deciding.ts';
import { parsePlanReduceCall } from '../lib/aws/lambda/parse-call.ts';
import { planReduce } from '../lib/coordinator/plan-reduce.ts';

/** Writes the index of one consistent set of segments. */
export const planReduceHandler = (open: () => Deciding) =>
  lambdaHandler(async (event) => {
    const call = parsePlanReduceCall(event);
    return await planReduce(await open().flowOf(call), call);
  });

export const handler = planReduceHandler(onceAContainer(openDeciding));
