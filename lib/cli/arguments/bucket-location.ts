import { UsageError } from './usage-error.ts';

export const isBucketLocation = (location: string): boolean => location.startsWith('s3://');

/** `input/`: a folder of the stack's own bucket. */
export const isStackFolder = (location: string): boolean => !location.includes('://');

/** The bucket of `s3://bucket/prefix`. @throws UsageError naming the flag */
export function bucketOf(flag: string, location: string): string {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/|$)/.exec(location);
  if (match !== null) return match[1]!;
  throw new UsageError({
    problem: `--${flag} ${location} is no location on S3.`,
    hint: `Write --${flag} s3://bucket/prefix; names of buckets have 3 to 63 small letters, digits, dots and hyphens.`,
  });
}
