import type { Deciding } from '../lib/aws/lambda/deciding.ts';
import { lambdaHandler, onceAContainer } from '../lib/aws/lambda/lambda-handler.ts';
import { openDeciding } from '../lib/aws/lambda/open-deciding.ts';
import { parseCheckCall } from '../lib/aws/lambda/parse-call.ts';
import { check } from '../lib/coordinator/check.ts';

/** Says what the ledger has left to do after a phase. */
export const checkHandler = (open: () => Deciding) =>
  lambdaHandler(async (event) => {
    const call = parseCheckCall(event);
    return await check(await open().flowOf(call), call);
  });

export const handler = checkHandler(onceAContainer(openDeciding));
