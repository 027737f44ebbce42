import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, CfnBucket, type IBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { LEDGER_TABLE } from '../lib/aws/ledger/ledger-table.ts';
import { acknowledge } from './acknowledge.ts';

/** Where the jobs' work lies in the bucket; beside it there is room for data, such as `input/`. */
export const WORK_PREFIX = 'work/';

/** Larger objects of the work area are segments, pairs between steps, or indexes: what a job needs only until it is done. */
const SMALL_OBJECT_BYTES = 1024 * 1024;

export type WorkBucketOptions = {
  readonly key: IKey | undefined;
  readonly removalPolicy: RemovalPolicy;
  /** How long segments stay, and uploads that nobody completed. */
  readonly workLifetime: Duration;
};

/** Encrypted, private, by TLS only. What jobs leave expires; what lies beside the work area stays. */
export function createWorkBucket(scope: Construct, options: WorkBucketOptions): IBucket {
  const { key, removalPolicy, workLifetime } = options;
  const bucket = new Bucket(scope, 'Work', {
    encryption: key === undefined ? BucketEncryption.S3_MANAGED : BucketEncryption.KMS,
    ...(key === undefined ? {} : { encryptionKey: key, bucketKeyEnabled: true }),
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    removalPolicy,
    lifecycleRules: [
      {
        id: 'SegmentsExpire',
        prefix: `${WORK_PREFIX}jobs/`,
        expiration: workLifetime,
      },
      { id: 'JobsExpireWithLedger', prefix: `${WORK_PREFIX}jobs/`, expiration: Duration.days(LEDGER_TABLE.lifetimeDays) },
      { id: 'BatchesExpireWithLedger', prefix: `${WORK_PREFIX}triggers/`, expiration: Duration.days(LEDGER_TABLE.lifetimeDays) },
      { id: 'UploadsExpire', abortIncompleteMultipartUploadAfter: workLifetime },
    ],
  });
  // By its own property, a text there: the CDK writes a number, of which its own validation warns.
  (bucket.node.defaultChild as CfnBucket).addPropertyOverride(
    'LifecycleConfiguration.Rules.0.ObjectSizeGreaterThan',
    String(SMALL_OBJECT_BYTES),
  );
  const reason =
    'Access logs would cost more than the requests that they log; CloudTrail data events are there for who needs them.';
  acknowledge(bucket, 'S1', reason);
  // Under exactOptionalPropertyTypes a Bucket is no IBucket by itself.
  return bucket as IBucket;
}

/**
 * Lets a bucket tell EventBridge of uploads, through its own property: the CDK's way needs a custom resource. Only buckets that the app
 * makes can be changed; others must have it switched on by their owner.
 */
export function sendEventsOf(bucket: IBucket | undefined): void {
  const resource = bucket?.node.defaultChild;
  if (resource instanceof CfnBucket)
    resource.addPropertyOverride('NotificationConfiguration.EventBridgeConfiguration', { EventBridgeEnabled: true });
}
