import { AbortMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { parseS3Location } from '../../../lib/aws/s3/location.ts';
import type { Deployed } from './deployed.ts';
import { untilCommitted, untilState } from './job-progress.ts';

/** Drops the first part that a slow job has staged, while it reduces: what a lifecycle rule does to a job that took too long. */
export async function loseUpload(deployed: Deployed, jobId: string, output: string): Promise<void> {
  await untilState(deployed.world, jobId, 'REDUCING');
  await untilCommitted(deployed.world, jobId, 'reduce', 1);
  const { bucket: Bucket, key: Prefix } = parseS3Location(output);
  const { Uploads = [] } = await deployed.clients.s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix }));
  // The oldest, because one that is under way belongs to an attempt that would notice.
  const [oldest] = Uploads.toSorted((left, right) => left.Initiated!.getTime() - right.Initiated!.getTime());
  if (oldest === undefined) throw new Error(`${jobId} has staged nothing at ${output}.`);
  const { Key, UploadId } = oldest;
  await deployed.clients.s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
}
