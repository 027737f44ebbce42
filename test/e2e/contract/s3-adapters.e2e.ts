import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { S3InputStore } from '../../../lib/aws/s3/s3-input-store.ts';
import { S3ObjectStore } from '../../../lib/aws/s3/s3-object-store.ts';
import { openS3Output } from '../../../lib/aws/s3/s3-output-store.ts';
import { GET_BYTES_MAX, ONE_PUT_BYTES_MAX, PART_BYTES_MIN } from '../../../lib/aws/s3/transfer-sizes.ts';
import { RandomIds } from '../../../lib/node/random-ids.ts';
import type { OutputStore } from '../../../lib/ports/output-store.ts';
import { collect } from '../../contract/collect.ts';
import { testBucket } from './s3-place.ts';

const { bucket, requests, newPrefix } = testBucket();

const storeAt = (prefix: string) => new S3ObjectStore({ requests, bucket, prefix, ids: new RandomIds() });
const outputAt = (prefix: string): OutputStore => openS3Output({ requests })(`s3://${bucket}/${prefix}out`, 'job-1');
/** A pattern as long as a prime, so that no two parts are alike. */
const PATTERN = Buffer.from(Array.from({ length: 10_007 }, (_, at) => (at * 31 + (at >> 5)) % 251));
const bytesOf = (length: number): Buffer => Buffer.alloc(length, PATTERN);
/** The requests that `work` makes. */
const countsOf = async (work: () => Promise<unknown>) => {
  requests.counts.reset();
  await work();
  return requests.counts.reset();
};

describe('S3ObjectStore', () => {
  it('writes a segment of one part with one PUT, and a larger one in parts', async () => {
    const store = storeAt(newPrefix());
    const write = async (key: string, bytes: Uint8Array) => {
      const writer = await store.create(key);
      for (let at = 0; at < bytes.length; at += 700_001) await writer.write(bytes.subarray(at, at + 700_001));
      return writer.complete();
    };
    expect(await countsOf(() => write('small', bytesOf(1_000_000)))).toEqual({ 's3:PutObject': 1 });
    const large = bytesOf(ONE_PUT_BYTES_MAX + 1_000_000);
    expect(await countsOf(() => write('large', large))).toEqual({
      's3:CompleteMultipartUpload': 1,
      's3:CreateMultipartUpload': 1,
      's3:UploadPart': 2,
    });
    expect(Buffer.compare(await store.read('large'), large)).toBe(0);
    const { version } = (await store.head('large')) ?? {};
    const reading = () => store.readRange('large', version, 5, large.length - 5);
    expect(await countsOf(reading)).toEqual({ 's3:GetObject': Math.ceil((large.length - 10) / GET_BYTES_MAX) });
    expect(Buffer.compare(await reading(), large.subarray(5, -5))).toBe(0);
  });

  it('leaves no upload behind when a large object is aborted', async () => {
    const prefix = newPrefix();
    const writer = await storeAt(prefix).create('large');
    await writer.write(bytesOf(ONE_PUT_BYTES_MAX + 1));
    await writer.write(bytesOf(1));
    await writer.abort();
    const { Uploads = [] } = await requests
      .client(S3Client)
      .send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix }));
    expect(Uploads).toEqual([]);
  });

  it('is written by one of many stores at once, whose bytes everybody reads', async () => {
    const prefix = newPrefix();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, racer) => storeAt(prefix).putIfAbsent('a', Buffer.from(`racer ${racer}`))),
    );
    const winner = answers.indexOf('written');
    expect(answers.filter((answer) => answer === 'written')).toHaveLength(1);
    expect(Buffer.from(await storeAt(prefix).read('a')).toString()).toBe(`racer ${winner}`);
  });
});

describe('S3OutputStore', () => {
  it('makes three requests for a part, empty or not, and one more for each further part of the upload', async () => {
    const output = outputAt(newPrefix());
    const publish = async (name: string, content: Uint8Array) => {
      const writer = await output.stage(name, 'attempt-1');
      await writer.write(content);
      return output.publish(await writer.finish());
    };
    const three = { 's3:CompleteMultipartUpload': 1, 's3:CreateMultipartUpload': 1, 's3:UploadPart': 1 };
    expect(await countsOf(() => publish('part-00000', bytesOf(100_000)))).toEqual(three);
    expect(await countsOf(() => publish('part-00001', new Uint8Array(0)))).toEqual(three);
    const large = bytesOf(PART_BYTES_MIN + 17);
    expect(await countsOf(() => publish('part-00002', large))).toEqual({ ...three, 's3:UploadPart': 2 });
    expect(Buffer.compare(Buffer.concat(await collect(output.readPart('part-00002'))), large)).toBe(0);
    expect(await collect(output.readPart('part-00001'))).toEqual([]);
  });

  it('never publishes bytes that are not those that were staged', async () => {
    const output = outputAt(newPrefix());
    const writer = await output.stage('part-00000', 'attempt-1');
    await writer.write(bytesOf(10));
    const part = await writer.finish();
    const other = await output.stage('part-00000', 'attempt-2');
    await other.write(bytesOf(11));
    const otherRef = JSON.parse((await other.finish()).ref);
    // The reference of one upload with the parts of another.
    const mixed = { ...part, ref: JSON.stringify({ ...JSON.parse(part.ref), parts: otherRef.parts }) };
    expect(await output.publish(mixed)).toBe('gone');
    expect(await output.inspect()).toEqual({ kind: 'empty' });
    expect(await output.publish(part)).toBe('published');
  });

  it('aborts what it staged when it sweeps, and nothing else', async () => {
    const prefix = newPrefix();
    const [output, other] = [outputAt(prefix), outputAt(prefix)];
    const stage = async (store: OutputStore, name: string) => (await store.stage(name, 'attempt-1')).finish();
    const [own, others] = [await stage(output, 'part-00000'), await stage(other, 'part-00001')];
    await output.sweep();
    expect(await output.isStaged(own)).toBe('gone');
    expect(await output.isStaged(others)).toBe('staged');
  });
});

describe('S3InputStore', () => {
  it('lists thousands of objects in folders, each once and in order', async () => {
    const prefix = newPrefix();
    const work = storeAt(prefix);
    const keys = Array.from({ length: 5_000 }, (_, number) => `${number % 7}/${number % 23}/${number}`);
    for (let at = 0; at < keys.length; at += 50) {
      await Promise.all(keys.slice(at, at + 50).map((key) => work.put(key, Buffer.from('x'))));
    }
    const location = `s3://${bucket}/${prefix}`;
    let listed: readonly string[] = [];
    const counts = await countsOf(async () => {
      const pages = await collect(new S3InputStore({ requests }).list(location));
      listed = pages.flat().map(({ key }) => key);
    });
    const expected = keys
      .map((key) => location + key)
      .toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
    expect(listed).toEqual(expected);
    expect(counts['s3:ListObjectsV2']).toBeLessThan(60);
  });
});
