import { hash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ListQueuesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployed } from '../harness/deployed.ts';
import { poll } from '../harness/poll.ts';
import { runProcess } from '../harness/run-cdk.ts';

/** Longer than an event takes from the bucket to the function: the queue collects for ten seconds. */
const EVENT_MS = 14_000;

const deployed = new Deployed();
let queueUrl = '';

beforeAll(async () => {
  const { QueueUrls = [] } = await deployed.clients.sqs.send(new ListQueuesCommand({ QueueNamePrefix: deployed.facts.stack }));
  const urls = QueueUrls.filter((url) => /Uploads/.test(url));
  expect(urls).toHaveLength(1);
  queueUrl = urls[0]!;
});
afterAll(() => deployed.close());

const outputOf = (name: string) => `s3://${deployed.facts.outputBucket}/counts/${name}`;
const executionsOf = (name: string) => deployed.executionsInto(outputOf(name));

describe('an upload', () => {
  it('ends as a word count at the output, with no command', async () => {
    const name = deployed.name('upload');
    await put(name, 'a b a\n');
    expect(await countsOf(name)).toBe('a\t2\nb\t1\n');
  });

  it('starts one job for an event that comes twice', async () => {
    const name = deployed.name('twice');
    await put(name, 'a\n');
    await countsOf(name);
    const event = objectCreated(name, { etag: hash('md5', 'a\n'), sequencer: randomBytes(8).toString('hex') });
    await Promise.all([send(event), send(event)]);
    await poll('the job of the event', async () => ((await executionsOf(name)) > 1 ? true : undefined));
    await send(event);
    await sleep(EVENT_MS);
    // One by the upload, which has a sequencer of its own, and one by the three equal events.
    expect(await executionsOf(name)).toBe(2);
  });

  it('of a new version starts another job', async () => {
    const name = deployed.name('versions');
    await put(name, 'a\n');
    expect(await countsOf(name)).toBe('a\t1\n');
    await put(name, 'b b\n');
    await poll('the new counts', async () => ((await countsOf(name)) === 'b\t2\n' ? true : undefined));
    expect(await executionsOf(name)).toBe(2);
  });

  it('elsewhere, or by a job itself, starts nothing', async () => {
    const names = [deployed.name('elsewhere'), deployed.name('output')] as const;
    await deployed.uploadTo(deployed.facts.inputBucket, 'elsewhere/', { [names[0]]: 'a\n' });
    await deployed.uploadTo(deployed.facts.outputBucket, 'counts/', { [names[1]]: 'a\n' });
    await sleep(EVENT_MS);
    for (const name of names) expect(await executionsOf(name)).toBe(0);
  });

  it('that would start its own trigger is refused when it is deployed', async () => {
    const { inputBucket, stack } = deployed.facts;
    const incoming = `s3://${inputBucket}/incoming/`;
    const deploying = runProcess([
      ...['lib/cli/main.ts', 'deploy', 'examples/word-count.ts', '--stack', `${stack}-loop`, '--yes'],
      ...['--input', incoming, '--output', incoming, '--trigger', `job=word-count,input=${incoming},output=${incoming}{name}`],
    ]);
    await expect(deploying).rejects.toThrow('would start itself');
  });
});

async function put(name: string, content: string): Promise<void> {
  await deployed.uploadTo(deployed.facts.inputBucket, 'incoming/', { [name]: content });
}

/** Waits for the job's output. */
async function countsOf(name: string): Promise<string> {
  const output = outputOf(name);
  await poll(`_SUCCESS at ${output}`, async () => ((await deployed.list(output)).includes('_SUCCESS') ? true : undefined));
  const parts = await deployed.parts(output);
  return parts.map(({ bytes }) => bytes.toString()).join('');
}

/** As EventBridge tells of an upload, as far as anyone reads it. */
function objectCreated(name: string, { etag, sequencer }: { etag: string; sequencer: string }): object {
  return {
    version: '0',
    id: '17793124-05d4-b198-2fde-7ededc63b103',
    'detail-type': 'Object Created',
    source: 'aws.s3',
    account: '000000000000',
    time: '2026-11-20T00:00:00Z',
    region: process.env['AWS_REGION'],
    resources: [`arn:aws:s3:::${deployed.facts.inputBucket}`],
    detail: {
      version: '0',
      bucket: { name: deployed.facts.inputBucket },
      object: { key: `incoming/${name}`, size: 2, etag, sequencer },
      reason: 'PutObject',
    },
  };
}

async function send(event: object): Promise<void> {
  await deployed.clients.sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(event) }));
}
