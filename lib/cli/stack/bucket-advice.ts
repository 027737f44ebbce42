import type { SettingState } from '../../aws/stack/bucket-check.ts';
import { readS3Location } from '../../node/s3-location.ts';
import { isStackFolder } from '../arguments/bucket-location.ts';
import type { DeploySettings } from '../arguments/deploy-settings.ts';

/** What can be asked of buckets, of any account and region. */
export type BucketQuestions = {
  /** Undefined where the bucket may not be looked at. @throws BucketMissingError */
  readonly bucketRegion: (bucket: string) => Promise<string | undefined>;
  /** Does it drop unfinished uploads below a folder? */
  readonly uploadExpiry: (bucket: string, folder: string) => Promise<SettingState>;
  /** Does it tell EventBridge of uploads? */
  readonly eventSending: (bucket: string) => Promise<SettingState>;
};

const UPLOAD_DAYS = 7;

/**
 * What the named buckets lack, a sentence or two each, with the command that mends it; the stack's own bucket lacks nothing. A request or
 * two a location, and none changes anything.
 * @param region of the stack
 */
export async function adviseOnBuckets(
  { outputs, triggers }: Pick<DeploySettings, 'outputs' | 'triggers'>,
  questions: BucketQuestions,
  region: string,
): Promise<readonly string[]> {
  const advice: string[] = [];
  for (const output of new Set(outputs.filter((location) => !isStackFolder(location)))) {
    const { bucket, key } = readS3Location(output)!; // Locations were checked when they were read.
    const folder = key === '' || key.endsWith('/') ? key : `${key}/`;
    advice.push(...adviseOnUploads(bucket, folder, await questions.uploadExpiry(bucket, folder)));
  }
  for (const bucket of new Set(triggers.map((trigger) => trigger.bucket).filter((name) => name !== ''))) {
    const where = await questions.bucketRegion(bucket);
    if (where !== undefined && where !== region) {
      advice.push(
        `the trigger on s3://${bucket} will never fire: the bucket is in ${where}, and the stack in ${region} hears of uploads there alone. Deploy a stack in ${where}, or upload to a bucket in ${region}`,
      );
    } else advice.push(...adviseOnEvents(bucket, await questions.eventSending(bucket)));
  }
  return advice;
}

function adviseOnUploads(bucket: string, folder: string, state: SettingState): readonly string[] {
  if (state === 'set' || state === 'unknown') return [];
  const rule = {
    ID: 'unfinished-uploads',
    Status: 'Enabled',
    Filter: { Prefix: folder },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: UPLOAD_DAYS },
  };
  const problem = `s3://${bucket}/${folder} keeps the unfinished uploads of attempts that were killed, and S3 bills them for ever.`;
  if (state === 'other-settings') return [`${problem} Add to the lifecycle rules of ${bucket}: ${JSON.stringify(rule)}`];
  return [
    `${problem} To end them: aws s3api put-bucket-lifecycle-configuration --bucket ${bucket} --lifecycle-configuration '${JSON.stringify({ Rules: [rule] })}'`,
  ];
}

function adviseOnEvents(bucket: string, state: SettingState): readonly string[] {
  if (state === 'set' || state === 'unknown') return [];
  const problem = `the trigger on s3://${bucket} will not fire before the bucket sends its events to EventBridge.`;
  if (state === 'other-settings') {
    return [`${problem} Add "EventBridgeConfiguration": {} to its notification configuration, and keep what is there`];
  }
  return [
    `${problem} To turn that on: aws s3api put-bucket-notification-configuration --bucket ${bucket} --notification-configuration '{"EventBridgeConfiguration":{}}'`,
  ];
}
