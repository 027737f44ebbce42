import { readS3Location } from '../../node/s3-location.ts';
import { UsageError } from './usage-error.ts';

/** `input/`: a folder of the stack's own bucket. */
export const isStackFolder = (location: string): boolean => !location.includes('://');

/** The bucket of `s3://bucket/prefix`. @throws UsageError naming the flag */
export function bucketOf(flag: string, location: string): string {
  const found = readS3Location(location);
  if (found !== undefined) return found.bucket;
  throw new UsageError({
    problem: `--${flag} ${location} is no location on S3.`,
    hint: `Write --${flag} s3://bucket/prefix; names of buckets have 3 to 63 small letters, digits, dots and hyphens.`,
  });
}
