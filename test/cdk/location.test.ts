import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { describe, expect, it } from 'vitest';
import { locationUri, resolveLocation } from '../../cdk/location.ts';
import { readS3Location } from '../../lib/node/s3-location.ts';

const own = { bucketName: 'own', bucketArn: 'arn:aws:s3:::own' } as IBucket;

describe('a location of the construct', () => {
  it.each(['s3://logs/raw', 's3://logs', 's3://old_logs.2014/raw/', 's3://Logs/raw', 's3://lo/raw', 's3://-logs/raw', 's3://'])(
    'names a bucket where the command line says so too: %s',
    (location) => {
      const found = readS3Location(location);
      if (found === undefined) expect(() => resolveLocation(location, own)).toThrow('is not a location');
      else expect(resolveLocation(location, own).bucketName).toBe(found.bucket);
    },
  );

  it('is a folder', () => {
    expect(locationUri(resolveLocation('s3://logs/raw', own))).toBe('s3://logs/raw/');
    expect(locationUri(resolveLocation('/input', own))).toBe('s3://own/input/');
    expect(() => resolveLocation('s3://logs/*.csv', own)).toThrow('is no pattern');
  });
});
