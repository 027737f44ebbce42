import { openAwsWorld } from '../world/aws-world.ts';
import { readEnvironment } from '../world/read-environment.ts';
import { Deciding } from './deciding.ts';
import { writeLog } from './write-log.ts';

/** What check, planReduce, commit, watch and markFailed live in on Lambda. */
export function openDeciding(): Deciding {
  const { settings } = readEnvironment(process.env);
  return new Deciding({ world: openAwsWorld(settings, writeLog), settings });
}
