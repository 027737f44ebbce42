import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AwsRequests } from '../../../lib/aws/requests/requests.ts';
import { S3Reader } from '../../../lib/aws/s3/s3-reader.ts';
import { SystemClock } from '../../../lib/node/system-clock.ts';
import { type ScriptedAnswer, scriptedAws } from '../scripted-aws.ts';

const AT = { bucket: 'bucket', key: 'key' };
const CONTENT = Buffer.from('0123456789');
const whole: ScriptedAnswer = { status: 206, headers: { etag: '"v1"' }, body: CONTENT };

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

describe('S3Reader', () => {
  it('asks a second time for a range that takes long, and leaves its place alone once answered', async () => {
    let asked = 0;
    let pushLate = (_: Uint8Array): void => {};
    const signals: (AbortSignal | undefined)[] = [];
    const { requests } = scriptedAws(
      (_, index, signal) => {
        if (index < 25) return whole;
        signals.push(signal);
        asked += 1;
        if (asked > 1) return whole;
        const slow = new Readable({ read() {} });
        slow.push(Buffer.from('01'));
        pushLate = (bytes) => void slow.push(bytes);
        return { status: 206, headers: { etag: '"v1"', 'content-length': '10' }, body: slow };
      },
      { clock: new SystemClock() },
    );
    const reader = new S3Reader(requests);
    for (let read = 0; read < 25; read++) await reader.readRange(AT, 'v1', 0, 10);
    const target = new Uint8Array(10);
    const answer = await reader.readRange(AT, 'v1', 0, 10, target);
    expect(answer).toMatchObject({ kind: 'read', version: 'v1' });
    expect(Buffer.from(target).toString()).toBe('0123456789');
    expect(asked).toBe(2);
    expect(signals[0]?.aborted).toBe(true);
    target.fill(0);
    pushLate(Buffer.from('XXXXXXXX'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(target.every((byte) => byte === 0)).toBe(true);
  });

  it('never mixes the bytes of two answers', async () => {
    const bodies: Readable[] = [];
    const { requests } = scriptedAws(
      (_, index) => {
        if (index < 25) return whole;
        const body = new Readable({ read() {} });
        bodies.push(body);
        return { status: 206, headers: { etag: `"v${bodies.length}"`, 'content-length': '10' }, body };
      },
      { clock: new SystemClock() },
    );
    const reader = new S3Reader(requests);
    for (let read = 0; read < 25; read++) await reader.readRange(AT, undefined, 0, 10);
    const reading = reader.readRange(AT, undefined, 0, 10);
    await vi.waitFor(() => expect(bodies).toHaveLength(2));
    const [first, second] = bodies;
    for (const [body, text] of [
      [second, '01234'],
      [first, 'XXXXXXXX'],
      [second, '56789'],
    ] as const) {
      body?.push(Buffer.from(text));
      await new Promise((resolve) => setImmediate(resolve));
    }
    second?.push(null);
    const answer = await reading;
    expect(answer.kind === 'read' && Buffer.from(answer.bytes).toString()).toBe('0123456789');
  });

  it('keeps its connections from one request to the next', async () => {
    let connections = 0;
    let asked = 0;
    server = createServer((_, response) => {
      asked += 1;
      response.writeHead(206, { etag: '"v1"', 'content-length': '10' }).end(CONTENT);
    });
    server.on('connection', () => {
      connections += 1;
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    process.env.AWS_ACCESS_KEY_ID = 'test';
    process.env.AWS_SECRET_ACCESS_KEY = 'test';
    const before = process.env.AWS_ENDPOINT_URL;
    process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const requests = new AwsRequests({ region: 'eu-west-1' });
    const reader = new S3Reader(requests);
    for (let read = 0; read < 40; read++) await reader.readRange(AT, 'v1', 0, 10);
    requests.close();
    if (before === undefined) delete process.env.AWS_ENDPOINT_URL;
    else process.env.AWS_ENDPOINT_URL = before;
    expect(asked).toBeGreaterThanOrEqual(40);
    expect(connections).toBeLessThanOrEqual(3);
  });
});
