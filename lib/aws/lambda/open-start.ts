import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DeployedJobs, deployedJobsFile } from '../../node/bundle/deployed-jobs.ts';
import { SfnExecutions } from '../start/sfn-executions.ts';
import { parseTriggerRules } from '../trigger/parse-trigger-rules.ts';
import type { TriggerStarter } from '../trigger/start-triggered.ts';
import { S3UploadStore } from '../trigger/upload-store.ts';
import { openAwsWorld } from '../world/aws-world.ts';
import { EnvironmentError, readEnvironment } from '../world/read-environment.ts';
import { writeLog } from './write-log.ts';

/** What the function that starts jobs for uploads lives in on Lambda. @throws EnvironmentError */
export function openStart(): TriggerStarter {
  const { settings, inputs, outputs, taskRoot, stateMachineArn, triggers } = readEnvironment(process.env);
  if (stateMachineArn === undefined) throw new EnvironmentError({ variable: 'REFOLD_STATE_MACHINE_ARN', reason: 'is not set' });
  const world = openAwsWorld(settings, writeLog);
  return {
    world,
    executions: new SfnExecutions(world.requests, stateMachineArn),
    uploads: new S3UploadStore(world.requests),
    rules: parseTriggerRules(triggers),
    jobs: JSON.parse(readFileSync(join(taskRoot ?? import.meta.dirname, deployedJobsFile), 'utf8')) as DeployedJobs,
    inputs,
    outputs,
    settings,
  };
}
