import { describe, expect, it } from 'vitest';
import { parseS3Location } from '../../lib/aws/s3/location.ts';
import { bucketOf } from '../../lib/cli/arguments/bucket-location.ts';
import { readS3Location } from '../../lib/node/s3-location.ts';

describe('readS3Location', () => {
  it.each([
    ['s3://logs-bucket', { bucket: 'logs-bucket', key: '' }],
    ['s3://logs-bucket/', { bucket: 'logs-bucket', key: '' }],
    ['s3://old_logs.bucket/a//b/../c', { bucket: 'old_logs.bucket', key: 'a//b/../c' }],
    ['s3://logs-bucket/line\nend', { bucket: 'logs-bucket', key: 'line\nend' }],
  ])('reads %j, for the command line and for AWS alike', (location, place) => {
    expect(readS3Location(location)).toEqual(place);
    expect(parseS3Location(location)).toEqual(place);
    expect(bucketOf('input', location)).toBe(place.bucket);
  });

  it.each(['s3://', 's3:///key', 's3://Logs/x', 's3://ab/x', 's3://-logs/x', `s3://${'b'.repeat(64)}`, 'logs-bucket/x', ''])(
    'takes %j for no location, for the command line and for AWS alike',
    (location) => {
      expect(readS3Location(location)).toBeUndefined();
      expect(() => parseS3Location(location)).toThrow('S3 location');
      expect(() => bucketOf('input', location)).toThrow('is no location on S3');
    },
  );
});
