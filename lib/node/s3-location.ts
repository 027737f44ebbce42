/** A place in a bucket: an object, a prefix, or the bucket itself where `key` is ''. */
export type S3Location = { readonly bucket: string; readonly key: string };

export const S3_SCHEME = 's3://';
/** 3 to 63 of these, by S3's rules for bucket names, and the `_` of old ones; access point aliases follow them too. */
const BUCKET = /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/;

export function isS3Location(location: string): boolean {
  return location.startsWith(S3_SCHEME);
}

/** `s3://bucket/key`, undefined for anything else. Keys are taken as they are: `a//b` and `a/../b` are names like any other in S3. */
export function readS3Location(location: string): S3Location | undefined {
  const [, bucket, key] = /^s3:\/\/([^/]*)(?:\/(.*))?$/s.exec(location) ?? [];
  return bucket === undefined || !BUCKET.test(bucket) ? undefined : { bucket, key: key ?? '' };
}
