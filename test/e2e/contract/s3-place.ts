import { randomBytes } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  ListMultipartUploadsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll } from 'vitest';
import { AwsRequests } from '../../../lib/aws/requests/requests.ts';
import { deleteKeys } from '../../../lib/aws/s3/s3-deletion.ts';
import { listPages } from '../../../lib/aws/s3/s3-listing.ts';

/** A bucket for the tests of one file, made before them and removed after them. */
export function testBucket(): { readonly bucket: string; readonly requests: AwsRequests; readonly newPrefix: () => string } {
  const bucket = `refold-test-${randomBytes(6).toString('hex')}`;
  const requests = new AwsRequests();
  const client = requests.client(S3Client);
  let prefixes = 0;
  beforeAll(async () => {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  });
  afterAll(async () => {
    for await (const { objects } of listPages(client, { bucket, prefix: '' })) {
      await deleteKeys(
        client,
        bucket,
        objects.map(({ key }) => key),
      );
    }
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    for (const { Key, UploadId } of Uploads) {
      await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
    }
    await client.send(new DeleteBucketCommand({ Bucket: bucket }));
    requests.close();
  });
  return { bucket, requests, newPrefix: () => `place-${++prefixes}/` };
}
