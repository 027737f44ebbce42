import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { machineCases, stateMachineContract } from '../contract/state-machine.contract.ts';
import { localStackDifferences } from './conformance/local-stack-differences.ts';
import { StepFunctionsRunner } from './conformance/step-functions-runner.ts';
import { openClients } from './harness/aws-clients.ts';

/** Sandboxes start, states take their time, and other cases run beside. */
const OVERHEAD_SECONDS = 15;

const clients = openClients();
const runner = new StepFunctionsRunner(clients, `refold-asl-${randomBytes(4).toString('hex')}`, machineCases);

beforeAll(() => runner.deploy());
afterAll(async () => {
  await runner.remove();
  clients.close();
});

stateMachineContract('Step Functions', (machineCase) => runner.run(machineCase), {
  overheadSeconds: OVERHEAD_SECONDS,
  concurrent: true,
  unmet: process.env['AWS_ENDPOINT_URL'] === undefined ? {} : localStackDifferences,
});
