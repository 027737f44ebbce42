import { priceOfTasks } from '../lib/aws/cost/price-of-tasks.ts';
import type { Deciding } from '../lib/aws/lambda/deciding.ts';
import { lambdaHandler, onceAContainer } from '../lib/aws/lambda/lambda-handler.ts';
import { openDeciding } from '../lib/aws/lambda/open-deciding.ts';
import { parsePlanReduceCall } from '../lib/aws/lambda/parse-call.ts';
import { refuseSpentBudget } from '../lib/coordinator/job-budget.ts';
import { planReduce } from '../lib/coordinator/plan-reduce.ts';

/** Writes the index of one consistent set of segments. What the map phase has spent is looked at before a reduce task begins. */
export const planReduceHandler = (open: () => Deciding) =>
  lambdaHandler(async (event) => {
    const call = parsePlanReduceCall(event);
    const answer = await planReduce(await open().flowOf(call), call);
    const { budgetUsd } = await open().runOf(call);
    const job = { jobId: call.jobId, steps: call.at.step + 1 };
    if (answer.next === 'reduce' && budgetUsd !== null) await refuseSpentBudget(open().world, job, budgetUsd, priceOfTasks);
    return answer;
  });

export const handler = planReduceHandler(onceAContainer(openDeciding));
