import type { Deciding } from '../lib/aws/lambda/deciding.ts';
import { lambdaHandler, onceAContainer } from '../lib/aws/lambda/lambda-handler.ts';
import { openPlanning } from '../lib/aws/lambda/open-planning.ts';
import { parsePlanCall } from '../lib/aws/lambda/parse-call.ts';
import { plan } from '../lib/coordinator/plan.ts';

/** Plans the step at hand, unless it is planned; says what is next. */
export const planHandler = (open: () => Deciding) =>
  lambdaHandler(async (event) => {
    const call = parsePlanCall(event);
    return await plan(await open().flowOf(call), call);
  });

export const handler = planHandler(onceAContainer(openPlanning));
