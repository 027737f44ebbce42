import { Aws, Token } from 'aws-cdk-lib';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { readS3Location, S3_SCHEME } from '../lib/node/s3-location.ts';

/**
 * Where jobs may read or write: `s3://bucket/prefix` (also of another account, whose bucket policy must allow it), a folder of the work
 * bucket such as `input/`, or a bucket of the app. A prefix is a folder: it ends with `/`, which is added where it is missing.
 */
export type Location = string | { readonly bucket: IBucket; readonly prefix?: string };

/** A location with its names resolved; names may be tokens. */
export type ResolvedLocation = {
  readonly bucketName: string;
  readonly bucketArn: string;
  /** '' or ends with `/`. */
  readonly prefix: string;
  /** Of the bucket, where the app knows it. */
  readonly keyArn?: string;
  /** The construct, where it was given. */
  readonly bucket?: IBucket;
};

/** @param own the work bucket, which locations without `s3://` are folders of */
export function resolveLocation(location: Location, own: IBucket): ResolvedLocation {
  if (typeof location !== 'string') return locationIn(location.bucket, location.prefix ?? '');
  if (!location.includes('://')) {
    if (location.replace(/^\/+/, '') === '')
      throw new Error('A location of the work bucket is a folder of it, such as input/: the rest is the work area.');
    return locationIn(own, location.replace(/^\/+/, ''));
  }
  const found = readS3Location(location);
  if (found === undefined)
    throw new Error(`${location} is not a location: write s3://bucket/prefix, or a folder of the work bucket.`);
  const { bucket: bucketName, key } = found;
  return { bucketName, bucketArn: `arn:${Aws.PARTITION}:s3:::${bucketName}`, prefix: asFolder(key) };
}

function locationIn(bucket: IBucket, prefix: string): ResolvedLocation {
  return {
    bucketName: bucket.bucketName,
    bucketArn: bucket.bucketArn,
    prefix: asFolder(prefix),
    bucket,
    ...(bucket.encryptionKey === undefined ? {} : { keyArn: bucket.encryptionKey.keyArn }),
  };
}

/** Also keeps the characters that policies and event patterns read as wildcards out of prefixes. */
function asFolder(prefix: string): string {
  if (!Token.isUnresolved(prefix) && /[*?[\]{}$\\]/.test(prefix))
    throw new Error(`The prefix ${prefix} of a location is no pattern.`);
  return prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
}

/** As functions and the command line know it. */
export function locationUri({ bucketName, prefix }: ResolvedLocation): string {
  return `${S3_SCHEME}${bucketName}/${prefix}`;
}

/** Does one hold the other? Only names that are known before a deployment, or are the same token, can be compared. */
export function locationsOverlap(left: ResolvedLocation, right: ResolvedLocation): boolean {
  return left.bucketName === right.bucketName && (left.prefix.startsWith(right.prefix) || right.prefix.startsWith(left.prefix));
}
