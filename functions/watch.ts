import { priceOfTasks } from '../lib/aws/cost/price-of-tasks.ts';
import type { Deciding } from '../lib/aws/lambda/deciding.ts';
import { lambdaHandler, onceAContainer } from '../lib/aws/lambda/lambda-handler.ts';
import { openDeciding } from '../lib/aws/lambda/open-deciding.ts';
import { parseWatchCall } from '../lib/aws/lambda/parse-call.ts';
import { watchPhase } from '../lib/coordinator/watch-phase.ts';

/** What the job has cost so far, and whether its phase has ended. */
export const watchHandler = (open: () => Deciding) =>
  lambdaHandler(async (event) => {
    const call = parseWatchCall(event);
    const { budgetUsd } = await open().runOf(call);
    return await watchPhase(open().world, call, budgetUsd, priceOfTasks);
  });

export const handler = watchHandler(onceAContainer(openDeciding));
