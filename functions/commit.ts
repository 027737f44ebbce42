import type { Deciding } from '../lib/aws/lambda/deciding.ts';
import { lambdaHandler, onceAContainer } from '../lib/aws/lambda/lambda-handler.ts';
import { openDeciding } from '../lib/aws/lambda/open-deciding.ts';
import { parseCommitCall } from '../lib/aws/lambda/parse-call.ts';
import { commit } from '../lib/coordinator/commit.ts';

/** Makes the output visible; called again until it is. */
export const commitHandler = (open: () => Deciding) =>
  lambdaHandler(async (event) => {
    const call = parseCommitCall(event);
    return await commit(await open().flowOf(call), call);
  });

export const handler = commitHandler(onceAContainer(openDeciding));
