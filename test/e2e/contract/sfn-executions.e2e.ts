import { randomBytes } from 'node:crypto';
import { CreateStateMachineCommand, DeleteStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AwsRequests } from '../../../lib/aws/requests/requests.ts';
import { SfnExecutions } from '../../../lib/aws/start/sfn-executions.ts';
import { executionsContract } from '../../contract/executions.contract.ts';

const requests = new AwsRequests();
const sfn = requests.client(SFNClient);
let stateMachineArn = '';

/** Ends at once for jobs called `short…`; else waits longer than a test does. */
const definition = {
  StartAt: 'IsShort',
  States: {
    IsShort: {
      Type: 'Choice',
      Choices: [{ Variable: '$.jobId', StringMatches: 'short*', Next: 'Done' }],
      Default: 'Wait',
    },
    Wait: { Type: 'Wait', Seconds: 300, Next: 'Done' },
    Done: { Type: 'Succeed' },
  },
};

beforeAll(async () => {
  const name = `refold-executions-${randomBytes(6).toString('hex')}`;
  // Nothing is called, so the role needs no rights; in an account it must be there.
  const roleArn = process.env['REFOLD_TEST_ROLE_ARN'] ?? 'arn:aws:iam::000000000000:role/refold-test';
  const made = await sfn.send(new CreateStateMachineCommand({ name, roleArn, definition: JSON.stringify(definition) }));
  stateMachineArn = made.stateMachineArn!;
});
afterAll(async () => {
  await sfn.send(new DeleteStateMachineCommand({ stateMachineArn }));
  requests.close();
});

executionsContract('SfnExecutions', () => new SfnExecutions(requests, stateMachineArn));

it('says what is missing where there is no such state machine', async () => {
  const executions = new SfnExecutions(requests, `${stateMachineArn}-not`);
  await expect(executions.start('a-1', { jobId: 'a', run: 1 })).rejects.toMatchObject({ code: 'REFOLD_AWS_RESOURCE_MISSING' });
});
