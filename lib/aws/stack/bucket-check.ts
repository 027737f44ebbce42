import {
  GetBucketLifecycleConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  HeadBucketCommand,
  type LifecycleRule,
  S3Client,
} from '@aws-sdk/client-s3';
import { AccessDeniedError, BucketMissingError, statusOf } from '../requests/aws-error.ts';
import type { AwsRequests } from '../requests/requests.ts';

/** `other-settings`: the bucket has settings of that kind, which a change must keep; `unknown`: they may not be read. */
export type SettingState = 'set' | 'other-settings' | 'none' | 'unknown';

/**
 * The region of a bucket, undefined where the bucket may not be looked at: it may be another account's that the functions are let into.
 * One request. @throws BucketMissingError
 */
export async function findBucketRegion(requests: AwsRequests, bucket: string): Promise<string | undefined> {
  try {
    const { BucketRegion } = await requests.client(S3Client).send(new HeadBucketCommand({ Bucket: bucket }));
    return BucketRegion;
  } catch (error) {
    if (error instanceof AccessDeniedError) return undefined;
    if (statusOf(error) === 404) throw new BucketMissingError({ bucket }, { cause: error });
    throw error;
  }
}

/** Does the bucket drop unfinished uploads below `folder`, '' or with `/` at its end? Until then S3 keeps their parts, and bills them. One request. */
export function findUploadExpiry(requests: AwsRequests, bucket: string, folder: string): Promise<SettingState> {
  return ask(async () => {
    const answer = await requests.client(S3Client).send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket }));
    const rules = answer.Rules ?? [];
    if (rules.some((rule) => endsUploads(rule, folder))) return 'set';
    return rules.length > 0 ? 'other-settings' : 'none';
  });
}

/** Does the bucket tell EventBridge of uploads? Otherwise no trigger hears of them. One request. */
export function findEventSending(requests: AwsRequests, bucket: string): Promise<SettingState> {
  return ask(async () => {
    const answer = await requests.client(S3Client).send(new GetBucketNotificationConfigurationCommand({ Bucket: bucket }));
    if (answer.EventBridgeConfiguration !== undefined) return 'set';
    const { LambdaFunctionConfigurations = [], QueueConfigurations = [], TopicConfigurations = [] } = answer;
    return LambdaFunctionConfigurations.length + QueueConfigurations.length + TopicConfigurations.length > 0
      ? 'other-settings'
      : 'none';
  });
}

function endsUploads({ Status, AbortIncompleteMultipartUpload, Filter, Prefix }: LifecycleRule, folder: string): boolean {
  const prefix = Filter?.Prefix ?? Filter?.And?.Prefix ?? Prefix ?? '';
  return Status === 'Enabled' && AbortIncompleteMultipartUpload !== undefined && folder.startsWith(prefix);
}

async function ask(question: () => Promise<SettingState>): Promise<SettingState> {
  try {
    return await question();
  } catch (error) {
    if (error instanceof AccessDeniedError) return 'unknown';
    if (!(error instanceof Error)) throw error;
    if (error.name === 'NoSuchLifecycleConfiguration') return 'none';
    // Other stores than Amazon's do not know every question.
    if (error.name === 'NotImplemented' || error.name === 'MethodNotAllowed') return 'unknown';
    throw error;
  }
}
