import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { assert } from '../../errors.ts';
import { openAwsWorld } from '../world/aws-world.ts';
import { readEnvironment } from '../world/read-environment.ts';
import { Deciding } from './deciding.ts';
import { writeLog } from './write-log.ts';

/** What plan lives in on Lambda: it alone may ask for the account's quota. */
export function openPlanning(): Deciding {
  const { settings } = readEnvironment(process.env);
  const world = openAwsWorld(settings, writeLog);
  const client = world.requests.client(LambdaClient);
  const readConcurrency = async () => {
    const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}));
    const limit = AccountLimit?.UnreservedConcurrentExecutions ?? AccountLimit?.ConcurrentExecutions;
    assert(limit !== undefined, 'Lambda answers with the limits of the account');
    return limit;
  };
  return new Deciding({ world, settings, readConcurrency });
}
