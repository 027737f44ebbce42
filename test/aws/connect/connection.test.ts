import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'refold';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { until } from '../../support/refold.ts';

const OUTPUTS = {
  WorkBucket: 'work',
  WorkPrefix: '',
  Table: 'ledger',
  StateMachineArn: 'arn:aws:states:us-east-1:123456789012:stateMachine:m',
  Functions: '{}',
  Inputs: '[]',
  Outputs: '[]',
  Jobs: '',
  Settings: '{}',
};

const STACK = `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>
<StackName>refold</StackName><StackId>arn:aws:cloudformation:us-east-1:123456789012:stack/refold/1</StackId>
<CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>${Object.entries(OUTPUTS)
  .map(([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`)
  .join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  vi.unstubAllEnvs();
});

/** A stack and its empty ledger, behind a server that keeps sockets open for as long as its callers do. */
async function serve(): Promise<{ readonly openSockets: () => Promise<number> }> {
  const serving = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    request.resume();
    const isLedger = request.headers['x-amz-target'] !== undefined;
    response.setHeader('content-type', isLedger ? 'application/x-amz-json-1.0' : 'text/xml');
    response.end(isLedger ? '{"Items":[],"Count":0,"Responses":{},"UnprocessedKeys":{}}' : STACK);
  });
  server = serving;
  await new Promise<void>((resolve) => serving.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(serving.address() as AddressInfo).port}`);
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, 'test');
  vi.stubEnv('AWS_REGION', 'us-east-1');
  return {
    openSockets: () =>
      new Promise((resolve, reject) => serving.getConnections((error, count) => (error ? reject(error) : resolve(count)))),
  };
}

describe('a connection', () => {
  it('holds sockets open until it is closed, and connects anew when it is asked again', async () => {
    const { openSockets } = await serve();
    const connection = connect();
    for (let round = 0; round < 2; round++) {
      expect(await connection.jobs()).toEqual([]);
      expect(await openSockets()).toBeGreaterThan(0);
      await connection.close();
      await until(async () => (await openSockets()) === 0);
    }
  });

  it('may be closed before anything was asked, after a failure, and twice', async () => {
    await serve();
    vi.stubEnv('AWS_REGION', '');
    vi.stubEnv('AWS_CONFIG_FILE', '/nowhere');
    const connection = connect();
    await connection.close();
    await expect(connection.jobs()).rejects.toMatchObject({ code: 'REFOLD_AWS_REGION' });
    await connection.close();
    await connection.close();
  });
});
