import { afterAll, describe, expect, it } from 'vitest';
import { S3ObjectStore } from '../../../lib/aws/s3/s3-object-store.ts';
import { openS3Output } from '../../../lib/aws/s3/s3-output-store.ts';
import { RandomIds } from '../../../lib/node/random-ids.ts';
import { outputStoreContract } from '../../contract/output-store.contract.ts';
import { LossyRequests } from './lost-replies.ts';
import { testBucket } from './s3-place.ts';

const { bucket, newPrefix } = testBucket();
const requests = new LossyRequests();

afterAll(() => requests.close());

outputStoreContract('S3OutputStore, whose first replies get lost,', async () => ({
  open: openS3Output({ requests }),
  location: `s3://${bucket}/${newPrefix()}out`,
}));

describe('S3ObjectStore, whose first replies get lost,', () => {
  const open = () => new S3ObjectStore({ requests, bucket, prefix: newPrefix(), ids: new RandomIds() });

  it('knows what it has written itself', async () => {
    const store = open();
    expect(await store.putIfAbsent('a', Buffer.from('one'))).toBe('written');
    expect(await store.putIfAbsent('a', Buffer.from('one'))).toBe('exists');
    expect(Buffer.from(await store.read('a')).toString()).toBe('one');
  });

  it('is won by one of many', async () => {
    const store = open();
    const answers = await Promise.all([1, 2, 3, 4, 5].map((writer) => store.putIfAbsent('a', Uint8Array.of(writer))));
    expect(answers.toSorted()).toEqual(['exists', 'exists', 'exists', 'exists', 'written']);
    expect([...(await store.read('a'))]).toEqual([answers.indexOf('written') + 1]);
  });

  it('completes an object of several parts', async () => {
    const store = open();
    const bytes = Buffer.alloc(40 * 2 ** 20, 'refold ');
    const writer = await store.create('large');
    await writer.write(bytes);
    const info = await writer.complete();
    expect(info).toEqual(await store.head('large'));
    expect(Buffer.compare(await store.readRange('large', info.version, 0, bytes.length), bytes)).toBe(0);
  });
});
