import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { AccessDeniedError, statusOf } from '../requests/aws-error.ts';
import type { AwsRequests } from '../requests/requests.ts';

/** One request. A bucket that may not be looked at exists: it may be another account's that the functions are let into. */
export async function bucketExists(requests: AwsRequests, bucket: string): Promise<boolean> {
  try {
    await requests.client(S3Client).send(new HeadBucketCommand({ Bucket: bucket }));
    return true;
  } catch (error) {
    if (error instanceof AccessDeniedError) return true;
    if (statusOf(error) === 404) return false;
    throw error;
  }
}
